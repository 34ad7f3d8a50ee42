"""All frames in order, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator

import h5py
import numpy as np

from benchmarks.files.series import ADDRESS, Frames, folder, is_frame, write
from benchmarks.harness import Cost, Row, measure, row
from framepath.files import open_frames

RUNS = 9
_N_FRAMES, _BLOCK, _TIMES = 200, 50, 6


def sequential_blocks() -> Iterator[Row]:
    """Against h5py's ``d[a:b]``, by CPU and by the clock, from the same pairs."""
    frames = Frames()
    with folder() as where:
        path = where / "data.h5"
        write(path, 0, _N_FRAMES, frames)
        with open_frames(path) as stack, h5py.File(path) as file:
            dataset = file[ADDRESS]
            buffer = np.empty((_BLOCK, *stack.shape[1:]), stack.dtype)
            for number, pixels in enumerate(stack):
                assert np.array_equal(pixels, frames[number])

            def by_us() -> None:
                for _ in range(_TIMES):
                    for n, block in enumerate(stack.blocks(_BLOCK, out=buffer)):
                        _check(block, n * _BLOCK)

            def by_h5py() -> None:
                for _ in range(_TIMES):
                    for start in range(0, _N_FRAMES, _BLOCK):
                        _check(dataset[start : start + _BLOCK], start)

            pairs = [_pair(by_us, by_h5py, turn) for turn in range(RUNS + 1)][1:]
    cpu = float(np.median([theirs.cpu_s / ours.cpu_s for ours, theirs in pairs]))
    wall = float(np.median([theirs.wall_s / ours.wall_s for ours, theirs in pairs]))
    yield row("files/sequential-blocks", cpu, ">= 1.15", "h5py d[a:b]: CPU", RUNS)
    yield row("files/sequential-blocks-wall", wall, ">= 1", "h5py d[a:b]: wall clock", RUNS)


def _pair(ours, theirs, turn: int) -> tuple[Cost, Cost]:
    if turn % 2:
        second = measure(theirs)
        return measure(ours), second
    return measure(ours), measure(theirs)


def _check(block: np.ndarray, first: int) -> None:
    for n, pixels in enumerate(block):
        assert is_frame(pixels, first + n)
