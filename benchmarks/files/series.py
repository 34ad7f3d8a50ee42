"""Files to read: photon-like 514 x 1030 uint16 frames, bslz4, one frame a chunk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np

from framepath.codecs import encode

Pixels = np.ndarray[Any, np.dtype[Any]]
SHAPE_YX = (514, 1030)
ADDRESS = "/entry/data/data"
_N_PATTERNS = 16
_N_SPARSE = 64


@contextmanager
def folder() -> Iterator[Path]:
    """A folder in memory where the system has one, so that no disk is measured."""
    memory = Path("/dev/shm")
    made = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    try:
        yield made
    finally:
        shutil.rmtree(made)


class Frames:
    """Frames that differ from each other: 16 patterns, each frame with its number on top.

    Photon counts of a beam on a dim background, masked gaps at the greatest value; bslz4 stores
    them in 1/7.7 of their bytes.
    """

    def __init__(self) -> None:
        rng = np.random.default_rng(514)
        y, x = np.mgrid[: SHAPE_YX[0], : SHAPE_YX[1]]
        beam = 40 * np.exp(-((x - 515) ** 2 + (y - 257) ** 2) / 9000)
        self._patterns = [rng.poisson(0.1 + beam).astype("u2") for _ in range(_N_PATTERNS)]
        for pixels in self._patterns:
            pixels[255:259] = pixels[:, 513:517] = 65535

    def __getitem__(self, number: int) -> Pixels:
        pixels = self._patterns[number % _N_PATTERNS].copy()
        pixels[0, :2] = number, number // 7
        return pixels


def is_frame(pixels: Pixels, number: int) -> bool:
    """Whether pixels carry a frame's number; what every timed read is checked with."""
    return pixels[0, 0] == number and pixels[0, 1] == number // 7


def write(path: Path, first: int, n_frames: int, frames: Frames) -> None:
    """One data file, as a detector writes it: chunks compressed outside HDF5."""
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        dataset = file.create_dataset(
            ADDRESS, (n_frames, *SHAPE_YX), "u2", chunks=(1, *SHAPE_YX), **hdf5plugin.Bitshuffle()
        )
        for n in range(n_frames):
            dataset.id.write_direct_chunk((n, 0, 0), encode("bslz4", frames[first + n]))


def write_sparse(path: Path, n_frames: int) -> None:
    """A long file of nearly empty frames, of 64 kinds, each with the number of its kind on top."""
    rng = np.random.default_rng(1030)
    payloads = []
    for kind in range(_N_SPARSE):
        pixels = (rng.random(SHAPE_YX) < 1e-4).astype("u2")
        pixels[0, 0] = kind
        payloads.append(encode("bslz4", pixels).tobytes())
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        shape = (n_frames, *SHAPE_YX)
        dataset = file.create_dataset(
            ADDRESS,
            shape,
            "u2",
            maxshape=(None, *SHAPE_YX),
            chunks=(1, *SHAPE_YX),
            **hdf5plugin.Bitshuffle(),
        )
        for n in range(n_frames):
            dataset.id.write_direct_chunk((n, 0, 0), payloads[n % _N_SPARSE])


def is_sparse_frame(pixels: Pixels, number: int) -> bool:
    """As `is_frame`, for a file of `write_sparse`."""
    return pixels[0, 0] == number % _N_SPARSE


def linked(where: Path, n_files: int, n_frames: int, frames: Frames) -> Path:
    """A master file with external links to ``n_files`` data files beside it."""
    with h5py.File(where / "master.h5", "w") as master:
        for n in range(n_files):
            write(where / f"data_{n:06d}.h5", n * n_frames, n_frames, frames)
            link = h5py.ExternalLink(f"data_{n:06d}.h5", ADDRESS)
            master[f"entry/data/data_{n + 1:06d}"] = link
    return where / "master.h5"
