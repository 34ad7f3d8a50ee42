"""Frames of one dataset, by the shortest way to its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from framepath.errors import FileUnreadable
from framepath.files.choose_reader import choose_reader
from framepath.files.chunk_index import ChunkTable
from framepath.files.count import AttributeRows, n_stored, table_of_few
from framepath.files.follow import Found
from framepath.files.opened import FileSet
from framepath.files.source import Box, Gap, Pixels, StoredChunk
from framepath.files.virtual_map import recorded_shape


class DatasetSource:
    """Frames of one dataset.

    Parameters
    ----------
    files
        What is open; closed with the source.
    found
        The dataset, not virtual, already `checked`.
    """

    def __init__(self, files: FileSet, found: Found) -> None:
        assert isinstance(found.node, h5py.Dataset)
        self.kind = "dataset"
        self._files = files
        self._dataset = found.node
        self._file = found.file
        self._live = found.file.live
        self._rows = AttributeRows(found.file.h5) if self._live else None
        self._frame_shape = self._dataset.shape[1 if self._dataset.ndim > 2 else 0 :]
        table = None if self._live else table_of_few(self._dataset)
        self._reader = choose_reader(files, found, self._frame_shape, table)
        self._n_frames = self._counted(0, table)

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, y, x, ...); a dataset (y, x) counts one frame."""
        return (self._n_frames, *self._frame_shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a pixel as stored."""
        return self._dataset.dtype

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """None: what one dataset lacks shows when it is read."""
        return ()

    def read(self, frames: Sequence[int], box: Box, out: Pixels) -> None:
        """Fill ``out`` (len(frames), *box)."""
        try:
            self._reader.read(frames, box, out)
        finally:
            self._file.check_unchanged()

    def stored_chunk(self, frame: int) -> StoredChunk | None:
        """The stored bytes of one frame, where one chunk is one frame."""
        try:
            return self._reader.stored_chunk(frame)
        finally:
            self._file.check_unchanged()

    def visit_files(self) -> None:
        """One file, which is open."""

    def refresh(self) -> None:
        """Count again the frames of a file that is being written."""
        if self._live:
            self._dataset.refresh()
            self._n_frames = self._counted(self._n_frames)

    def close(self) -> None:
        """Close the reader and the files."""
        self._reader.close()
        self._files.close()

    def _counted(self, known: int, table: ChunkTable | None = None) -> int:
        counts = [n_stored(self._dataset, known, table)]
        if self._rows is not None:
            counts += [n for n in (self._rows.bound(self._dataset),) if n is not None]
        return min(counts)


def holds_pixels(dataset: h5py.Dataset) -> bool:
    """Whether the elements are plain numbers."""
    try:
        dtype = dataset.dtype
    except TypeError:  # times and the like, which numpy has no type for
        return False
    return dtype.kind in "iufcb" and dtype.subdtype is None


def checked(found: Found) -> h5py.Dataset:
    """The dataset that was found, if it can hold frames.

    Raises
    ------
    FileUnreadable
        It is a group, or its elements are no pixels.
    """
    where = f"{found.file.path}:{found.address}"
    if not isinstance(found.node, h5py.Dataset):
        raise FileUnreadable(
            "there is no dataset at this address",
            found=f"a {type(found.node).__name__.lower()}",
            where=where,
            next_step="give the address of the dataset inside it",
        )
    if not holds_pixels(found.node):
        raise FileUnreadable(
            "this dataset holds no pixels",
            found=f"elements of type {_described(found.node)}",
            expected="whole or real numbers",
            where=where,
            next_step="give the address of the frames",
        )
    if len(recorded_shape(found.node)) < 2:
        raise FileUnreadable(
            "this dataset holds no frames",
            found=f"shape {recorded_shape(found.node)}",
            expected="(frames, y, x) or (y, x)",
            where=where,
            next_step="give the address of the frames",
        )
    return found.node


def _described(dataset: h5py.Dataset) -> str:
    """The element type for people; not every one has a numpy name."""
    named = dataset.id.get_type()
    names = {
        h5py.h5t.COMPOUND: "compound",
        h5py.h5t.VLEN: "variable length",
        h5py.h5t.STRING: "text",
        h5py.h5t.ARRAY: "array",
        h5py.h5t.OPAQUE: "opaque",
        h5py.h5t.REFERENCE: "reference",
    }
    return names.get(named.get_class(), "unknown")
