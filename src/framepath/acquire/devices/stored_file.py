"""What an image file holds, as written: the only source of shape, dtype, chunks and counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from framepath.files.checks.stored import dataset_at, stored_frames
from framepath.files.opened import FileSet


@dataclass(frozen=True, slots=True)
class StoredDataset:
    """One dataset of frames.

    Attributes
    ----------
    n_stored
        Frames whose chunks exist; an untouched (1, y, x) of ADCore counts 0.
    n_length
        Frames that the shape promises.
    frame_shape
        Shape of a frame, slowest axis first: (y, x) for mono.
    dtype_numpy
        Type of a pixel with its byte order, e.g. ``<u2``.
    chunk_shape
        Chunk, the frame axis first; () when contiguous.
    """

    n_stored: int
    n_length: int
    frame_shape: tuple[int, ...]
    dtype_numpy: str
    chunk_shape: tuple[int, ...]


def read_dataset(path: Path, address: str) -> StoredDataset | None:
    """What ``address`` in the file holds now; None when it is no dataset.

    Raises
    ------
    FileMissing, FileUnreadable
        The file is not there, or its writer does not let readers in yet.
    """
    with FileSet() as files:
        dataset = dataset_at(files.open(path).h5, address)
        if dataset is None:
            return None
        stored = stored_frames(address, dataset)
        return StoredDataset(
            n_stored=stored.n_stored,
            n_length=stored.n_length,
            frame_shape=tuple(int(n) for n in stored.frame_shape),
            dtype_numpy=dataset.dtype.str,
            chunk_shape=tuple(int(n) for n in dataset.chunks or ()),
        )
