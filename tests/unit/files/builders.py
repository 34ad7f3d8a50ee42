"""Small files of every kind that the readers know; each pixel tells its frame and its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np

Pixels = np.ndarray[Any, np.dtype[Any]]
UNLIMITED = h5py.h5s.UNLIMITED


def frames(n: int, rows: int = 6, columns: int = 8, dtype: str = "u2", first: int = 0) -> Pixels:
    """Frames (n, rows, columns): 100 times the frame's number, plus the pixel's running number."""
    number = 100 * np.arange(first, first + n)[:, None, None]
    return (number + np.arange(rows * columns).reshape(rows, columns)).astype(dtype)


def store(path: Path, address: str, pixels: Pixels, **how: Any) -> Path:
    """Add a dataset to a file, one frame a chunk unless told otherwise."""
    options: dict[str, Any] = {"chunks": (1, *pixels.shape[1:]), **how}
    with h5py.File(path, "a") as file:
        file.create_dataset(address, data=pixels, **options)
    return path


def eiger_master(
    folder: Path, sizes: tuple[int, ...] = (4, 4, 2), name: str = "series_1", first: int = 0
) -> Path:
    """A v1 master with bare file names, and one data file for each size; 0 leaves the file out."""
    master = folder / f"{name}_master.h5"
    with h5py.File(master, "w") as file:
        group = file.create_group("entry/data")
        for number, n_frames in enumerate(sizes, start=1):
            data = f"{name}_data_{number:06d}.h5"
            group[f"data_{number:06d}"] = h5py.ExternalLink(data, "/entry/data/data")
            if n_frames:
                pixels = frames(n_frames, first=first)
                store(folder / data, "/entry/data/data", pixels, **hdf5plugin.Bitshuffle())
            first += n_frames or max(sizes)
    return master


def virtual(path: Path, sources: list[tuple[str, str, int]], address: str = "/entry/data/data"):
    """A virtual dataset of sources (file, address, frames), one after the other."""
    n_frames = sum(n for _, _, n in sources)
    layout = h5py.VirtualLayout((n_frames, 6, 8), "u2")
    at = 0
    for file_name, source_address, n in sources:
        layout[at : at + n] = h5py.VirtualSource(file_name, source_address, (n, 6, 8))
        at += n
    with h5py.File(path, "a", libver=("v110", "v110")) as file:
        file.create_virtual_dataset(address, layout)
    return path


def routed(path: Path, images: int = 5, darks: int = 3, flats: int = 0) -> Path:
    """What ADCore's plugin leaves: a dataset without frames has one that was never written."""
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        for name, n, first in (("data", images, 0), ("dark", darks, 50), ("flat", flats, 80)):
            dataset = file.create_dataset(
                f"entry/data/{name}",
                (max(n, 1), 6, 8),
                "u2",
                maxshape=(None, 6, 8),
                chunks=(1, 6, 8),
            )
            for k in range(n):
                dataset[k] = frames(1, first=first + k)[0]
        add_rows(file, ["/entry/data/data"] * images + ["/entry/data/dark"] * darks)
    return path


def add_rows(file: h5py.File, destinations: list[str]) -> None:
    """NDAttribute rows of so many frames, with where each went."""
    group = file.require_group("entry/instrument/NDAttributes")
    columns = {
        "NDArrayUniqueId": np.arange(1, len(destinations) + 1, dtype="i4"),
        "SaveDest": np.array(destinations, "S256"),
    }
    for name, values in columns.items():
        rows = group.create_dataset(name, data=values, maxshape=(None,), chunks=(16,))
        rows.attrs["NDAttrName"] = np.bytes_(name)
