"""Frames for a client that sees the server's files, against h5py.

Importing this tells the clients of all other benchmarks to fetch every pixel from the server.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import h5py
import numpy as np

from benchmarks.catalog_servers import images_in, our_server
from benchmarks.files.series import Frames, folder, is_frame, linked
from benchmarks.harness import Row, paired_ratio, row
from framepath.spec.addresses import EIGER_DATA_GROUP
from framepath.spec.serving import SHARED_FILES_VARIABLE

os.environ[SHARED_FILES_VARIABLE] = "no"

RUNS = 5
N_FILES, FRAMES_A_FILE = 100, 20
SINGLE = range(300)
FRAMES_A_RUN = 50
SLABS = range(300, 2000, 100)
SLABS_A_RUN = 2


def frames_of_shared_files() -> Iterator[Row]:
    """Against h5py with every link kept open; each side reads each frame once in all its runs.

    Slabs come into new arrays on both sides; ours use the memory of earlier ones. What new memory
    costs differs tenfold between and within runs on virtual machines. They come first, so that
    single frames meet a client that has read 256 MiB and compiled its decoder (framepath[fast]).
    """
    with folder() as where:
        data = where / "data"
        data.mkdir()
        master = linked(data, N_FILES, FRAMES_A_FILE, Frames())
        with (
            our_server(where, data) as (ours, _),
            images_in(ours, master, EIGER_DATA_GROUP, "linked") as images,
            h5py.File(master) as file,
            _files_shared(),
        ):
            group: Any = file[EIGER_DATA_GROUP]
            direct = _Linked([group[name] for name in sorted(group)])
            baseline = "h5py, links kept open: frames/s"
            for name, reading in (("slabs-of-100", _slabs), ("one-frame", _frames)):
                ratio = paired_ratio(
                    reading(direct), reading(images), runs=RUNS, of=lambda cost: cost.wall_s
                )
                assert images.shared_files
                yield row(f"catalog/{name}-shared-files", ratio, ">= 0.8", baseline, RUNS)


@contextlib.contextmanager
def _files_shared() -> Iterator[None]:
    del os.environ[SHARED_FILES_VARIABLE]
    try:
        yield
    finally:
        os.environ[SHARED_FILES_VARIABLE] = "no"


class _Linked:
    """Frames of equally long datasets, one after the other, through h5py."""

    def __init__(self, links: list[h5py.Dataset]) -> None:
        self._links = links

    def __getitem__(self, key: int | slice) -> Any:
        if isinstance(key, int):
            return self._links[key // FRAMES_A_FILE][key % FRAMES_A_FILE]
        slab = np.empty((key.stop - key.start, *self._links[0].shape[1:]), self._links[0].dtype)
        for at in range(0, len(slab), FRAMES_A_FILE):
            part = slab[at : at + FRAMES_A_FILE]
            self._links[(key.start + at) // FRAMES_A_FILE].read_direct(part)
        return slab


def _frames(images: Any) -> Callable[[], None]:
    left = iter(np.random.default_rng(514).permutation(SINGLE).tolist())

    def read() -> None:
        for number in islice(left, FRAMES_A_RUN):
            assert is_frame(images[number], number)

    return read


def _slabs(images: Any) -> Callable[[], None]:
    left = iter(SLABS)

    def read() -> None:
        for first in islice(left, SLABS_A_RUN):
            slab = images[first : first + 100]
            assert all(is_frame(frame, n) for n, frame in enumerate(slab, first))

    return read
