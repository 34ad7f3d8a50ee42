"""Pixels through libhdf5: for every layout and filter that has no shorter way."""

from __future__ import annotations

from collections.abc import Sequence

import h5py

from framepath.files.opened import hdf5_errors
from framepath.files.source import Box, Pixels, StoredChunk, runs


class LibraryReader:
    """Reads through libhdf5: slower, and right for every layout and filter it knows.

    Parameters
    ----------
    dataset
        Of shape (frames, y, x, ...), or (y, x) for a single frame.
    """

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._dataset = dataset

    def read(self, frames: Sequence[int], box: Box, out: Pixels) -> None:
        """Fill ``out`` (len(frames), *box), one call a run of neighbouring frames."""
        with hdf5_errors(f"{self._dataset.file.filename}:{self._dataset.name}"):
            for at, first, last in runs(frames):
                part = out[at : at + last - first]
                key = box if self._dataset.ndim == len(box) else (slice(first, last), *box)
                part[...] = self._dataset[key].reshape(part.shape)

    def stored_chunk(self, frame: int) -> StoredChunk | None:
        """None: libhdf5 hands out pixels."""
        return None

    def close(self) -> None:
        """Nothing is open beyond the file."""
