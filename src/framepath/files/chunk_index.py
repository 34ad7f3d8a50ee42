"""Where the chunks of a dataset lie in its file, and how their stored bytes are fetched."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import h5py
import numpy as np

from framepath.errors import FileUnreadable
from framepath.files.opened import hdf5_errors
from framepath.files.source import Scratch, read_bytes

_INDEX_FRACTION = 16
"""The index is built once more than 1/16 of the chunks were asked for: asking HDF5 costs about
10 us a chunk, building 0.7 us for every chunk of the dataset."""

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class ChunkTable(NamedTuple):
    """Byte offset, stored bytes and filter mask of every chunk; offset -1: never written.

    Chunks are counted along the frame axis; one of those that share a place there stands for all.
    """

    offsets: list[int]
    sizes: list[int]
    masks: list[int]

    @property
    def n_stored(self) -> int:
        """Chunks up to the last one that was ever written."""
        return next((n for n in range(len(self.offsets), 0, -1) if self.offsets[n - 1] >= 0), 0)


def chunk_table(dataset: h5py.Dataset) -> ChunkTable:
    """Ask HDF5 where every chunk of a chunked dataset lies; not of one `is_listed_wrongly`.

    Raises
    ------
    FileUnreadable
        The index in the file is damaged.
    """
    n, a_chunk = n_chunks(dataset), _frames_a_chunk(dataset)
    table = ChunkTable([-1] * n, [0] * n, [0] * n)
    several = dataset.ndim > 2

    def note(info: h5py.h5d.StoreInfo) -> None:
        chunk = info.chunk_offset[0] // a_chunk if several else 0
        if chunk < n:  # a damaged file may list chunks that its shape has no place for
            table.offsets[chunk], table.sizes[chunk] = info.byte_offset, info.size
            table.masks[chunk] = info.filter_mask

    with hdf5_errors(dataset.file.filename):
        dataset.id.chunk_iter(note)
    return table


def is_listed_wrongly(dataset: h5py.Dataset) -> bool:
    """Whether HDF5 may tell wrongly which chunk of a chunked dataset lies where.

    Its index of chunks keeps the only axis without end first; listing them (``chunk_iter``,
    ``get_chunk_info_by_coord``) does not undo that where it is another axis of the dataset
    (HDF5 2.0, ``H5D__earray_idx_iterate``). Reading one chunk, or elements, is right.
    """
    endless = [axis for axis, most in enumerate(dataset.maxshape or ()) if most is None]
    return len(endless) == 1 and endless != [0]


def exists(dataset: h5py.Dataset, at: tuple[int, ...]) -> bool:
    """Whether the chunk that begins at an element was ever written.

    Of a dataset without any chunk HDF5 answers nonsense: ask ``get_num_chunks`` first.
    """
    try:
        dataset.id.read_direct_chunk(at, out=np.empty(0, np.uint8))
    except RuntimeError:  # no such chunk
        return False
    except ValueError:  # it does not fit into nothing
        return True
    return True


def chunk_starts(dataset: h5py.Dataset) -> Iterator[tuple[int, ...]]:
    """First elements of all chunks that a chunked dataset's shape has room for, the last first."""
    assert dataset.chunks is not None
    axes = zip(dataset.shape, dataset.chunks, strict=True)
    return itertools.product(*(range(0, n, size)[::-1] for n, size in axes))


def stored_chunks(dataset: h5py.Dataset) -> list[tuple[tuple[int, ...], int]]:
    """First element and stored bytes of every chunk that was ever written."""
    found: list[tuple[tuple[int, ...], int]] = []
    if not is_listed_wrongly(dataset):
        dataset.id.chunk_iter(lambda info: found.append((info.chunk_offset, info.size)))
    elif dataset.id.get_num_chunks():
        there = [at for at in chunk_starts(dataset) if exists(dataset, at)]
        found += [(at, len(dataset.id.read_direct_chunk(at)[1])) for at in there]
    return found


def n_chunks(dataset: h5py.Dataset) -> int:
    """Chunks along the frame axis that a chunked dataset's shape has room for."""
    n_frames = dataset.shape[0] if dataset.ndim > 2 else 1
    return -(-n_frames // _frames_a_chunk(dataset))


def _frames_a_chunk(dataset: h5py.Dataset) -> int:
    assert dataset.chunks is not None
    return dataset.chunks[0] if dataset.ndim > 2 else 1


class ChunkIndex:
    """Stored bytes of chunks along the frame axis of one dataset.

    Parameters
    ----------
    dataset
        Chunked, (frames, y, x, ...) or (y, x), each chunk spanning whole frames.
    descriptor
        Of the file, when chunks may be read behind HDF5's back; None for a file that may grow.
    table
        Where the chunks lie, when that is known already.
    """

    def __init__(
        self, dataset: h5py.Dataset, descriptor: int | None, table: ChunkTable | None = None
    ) -> None:
        assert dataset.chunks is not None
        self._dataset = dataset
        self._descriptor = None if is_listed_wrongly(dataset) else descriptor
        self._where = dataset.file.filename
        self._frames_a_chunk = _frames_a_chunk(dataset)
        self._n_chunks = n_chunks(dataset)
        self._other_axes = (0,) * (dataset.ndim - 1)
        n_bytes = int(np.prod(dataset.chunks, dtype=np.int64)) * dataset.dtype.itemsize
        # Filters may make incompressible chunks larger than their pixels: a little, or up to three
        # times, as bitshuffle in blocks of eight elements, each with a header.
        self._room = n_bytes + n_bytes // 8 + 4096
        self._most = 4 * n_bytes + 4096
        self._n_asked = 0
        self._table = table
        self._lock = threading.Lock()

    def stored(self, chunk: int, scratch: Scratch) -> tuple[Bytes, int] | None:
        """Stored bytes and filter mask of a chunk; None when it was never written.

        The bytes lie in ``scratch`` and last until the next call in this thread.
        """
        if self._descriptor is not None:
            table = self._table or self._maybe_built()
            if table is not None:
                return self._pread(self._descriptor, chunk, table, scratch)
        return self._through_hdf5(chunk, scratch)

    def _maybe_built(self) -> ChunkTable | None:
        with self._lock:
            self._n_asked += 1
            if self._table is None and self._n_asked * _INDEX_FRACTION > self._n_chunks:
                self._table = chunk_table(self._dataset)
            return self._table

    def _pread(
        self, descriptor: int, chunk: int, table: ChunkTable, scratch: Scratch
    ) -> tuple[Bytes, int] | None:
        offset, size = table.offsets[chunk], table.sizes[chunk]
        if offset < 0:
            return None
        if size > self._most:
            raise FileUnreadable(
                "a chunk claims more bytes than its pixels can need",
                found=f"{size} bytes",
                expected=f"{self._most} bytes at most",
                where=self._where,
                next_step="the file is damaged: copy it again from where it was written",
            )
        buffer = scratch.bytes("stored", size)
        read_bytes(descriptor, offset, buffer, self._where)
        return buffer, table.masks[chunk]

    def _through_hdf5(self, chunk: int, scratch: Scratch) -> tuple[Bytes, int] | None:
        at = (chunk * self._frames_a_chunk, *self._other_axes)
        read = self._dataset.id.read_direct_chunk
        with hdf5_errors(self._where):
            try:
                try:
                    mask, stored = read(at, out=scratch.bytes("stored", self._room))
                except ValueError:  # it is larger
                    mask, stored = read(at, out=scratch.bytes("stored", self._most))
            except RuntimeError:  # h5py's type for "no such chunk"
                return None
        return np.frombuffer(stored, np.uint8), mask
