"""Single frames in random order, each read once in the whole comparison."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from benchmarks.files.series import (
    Frames,
    Pixels,
    folder,
    is_frame,
    is_sparse_frame,
    linked,
    write_sparse,
)
from benchmarks.harness import Row, measure, paired_ratio, row
from framepath.codecs.bslz4_compiled import DECODERS
from framepath.files import open_frames

RUNS = 7
_N_FILES, _FRAMES_A_FILE = 100, 20
_FRAMES_A_RUN = 500
_LENGTHS = (100, 20_000)


def frames_of_linked_files() -> Iterator[Row]:
    """Against h5py with the dataset behind every link kept open.

    Each run opens all links, unmeasured, then reads 500 distinct frames, about 5 of each file. With
    many more, h5py's chunk caches (8 MiB a dataset with HDF5 2.0, 800 MiB for 100 files) are full
    and cost no new memory: the second row is that case, all 2000 frames in one run.

    Needs llvmlite (framepath[fast], and what Tiled installs): with bitshuffle alone the first row
    is 1.9. A process compiles after 256 MB of pixels; here while all frames are compared, before
    the first run.
    """
    frames = Frames()
    with folder() as where:
        master = linked(where, _N_FILES, _FRAMES_A_FILE, frames)
        with open_frames(master) as stack:
            for number in range(len(stack)):
                assert np.array_equal(stack[number], frames[number])
        few = _gains(master, _FRAMES_A_RUN)
        all_frames = _gains(master, _N_FILES * _FRAMES_A_FILE)
    baseline = "h5py, links kept open: CPU"
    note = f"bslz4 decoded by {'compiled code' if DECODERS[2].ready else 'bitshuffle'}"
    yield row("files/random-linked-frames", few, ">= 2", baseline, RUNS, note=note)
    yield row("files/random-linked-frames-all", all_frames, "", baseline, RUNS, note=note)


def _gains(master: Path, n_frames: int) -> float:
    ratios = []
    for turn in range(RUNS + 1):
        order = np.random.default_rng(turn).permutation(_N_FILES * _FRAMES_A_FILE)[:n_frames]
        sides = [_cost_by_us, _cost_by_h5py]
        costs = {side: side(master, order.tolist()) for side in sides[:: 1 if turn % 2 else -1]}
        ratios.append(costs[_cost_by_h5py] / costs[_cost_by_us])
    return statistics.median(ratios[1:])


def _cost_by_us(master: Path, order: list[int]) -> float:
    with open_frames(master) as stack:
        return measure(_reader(stack.__getitem__, order, len(order))).cpu_s


def _cost_by_h5py(master: Path, order: list[int]) -> float:
    with h5py.File(master) as file:
        kept = [file[f"entry/data/data_{n + 1:06d}"] for n in range(_N_FILES)]
        read = _reader(lambda n: kept[n // _FRAMES_A_FILE][n % _FRAMES_A_FILE], order, len(order))
        return measure(read).cpu_s


def frame_of_a_long_dataset() -> Iterator[Row]:
    """What a frame costs in a dataset of 20,000, against one in a dataset of 100.

    Sparse frames, so that the cost of finding a chunk is not hidden behind that of decoding it.
    """
    with folder() as where:
        for n in _LENGTHS:
            write_sparse(where / f"{n}.h5", n)
        with open_frames(where / "100.h5") as short, open_frames(where / "20000.h5") as long:
            orders = [_shuffled(100) * 5 * (RUNS + 1), _shuffled(20_000)]
            by_short, by_long = (
                _reader(stack.__getitem__, order, _FRAMES_A_RUN, is_sparse_frame)
                for stack, order in zip((short, long), orders, strict=True)
            )
            ratio = paired_ratio(by_long, by_short, runs=RUNS)
    yield row("files/frame-of-20000-against-of-100", ratio, "<= 1.2", "same reader: CPU", RUNS)


def _shuffled(n: int) -> list[int]:
    return np.random.default_rng(7).permutation(n).tolist()


def _reader(
    read: Callable[[int], Pixels],
    numbers: list[int],
    n_frames: int,
    check: Callable[[Pixels, int], bool] = is_frame,
) -> Callable[[], None]:
    """Reads the next ``n_frames`` of the numbers at each call, and checks each."""
    left = iter(numbers)

    def run() -> None:
        for _ in range(n_frames):
            number = next(left)
            assert check(read(number), number)

    return run
