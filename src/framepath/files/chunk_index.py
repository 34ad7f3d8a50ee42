"""Where the chunks of a dataset lie in its file, and how their stored bytes are fetched."""

from __future__ import annotations

import threading
from typing import Any

import h5py
import numpy as np

from framepath.errors import FileUnreadable
from framepath.files.opened import hdf5_errors
from framepath.files.source import Scratch, read_at

_INDEX_FRACTION = 64
"""The index is built once more than 1/64 of the chunks were asked for: asking HDF5 costs about
10 us a chunk, building 0.7 us for every chunk of the dataset."""

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class ChunkIndex:
    """Stored bytes of chunks along the frame axis of one dataset.

    Parameters
    ----------
    dataset
        Chunked, each chunk spanning whole frames.
    descriptor
        Of the file, when chunks may be read behind HDF5's back; None for a file that may grow.
    """

    def __init__(self, dataset: h5py.Dataset, descriptor: int | None) -> None:
        self._dataset = dataset
        self._descriptor = descriptor
        assert dataset.chunks is not None
        self._chunk_shape = dataset.chunks
        self._frames_a_chunk = dataset.chunks[0] if dataset.ndim > 2 else 1
        self._n_asked = 0
        self._index: tuple[Any, Any, Any] | None = None
        self._lock = threading.Lock()

    def stored(self, chunk: int, scratch: Scratch) -> tuple[Bytes, int] | None:
        """Stored bytes and filter mask of a chunk; None when it was never written.

        The bytes lie in ``scratch`` and last until the next call in this thread.
        """
        if self._descriptor is not None:
            index = self._index or self._maybe_built()
            if index is not None:
                return self._pread(chunk, index, scratch)
        return self._through_hdf5(chunk, scratch)

    def _maybe_built(self) -> tuple[Any, Any, Any] | None:
        with self._lock:
            self._n_asked += 1
            if self._index is None and self._n_asked * _INDEX_FRACTION > self._n_chunks:
                self._index = self._built()
            return self._index

    @property
    def _n_chunks(self) -> int:
        return -(-self._dataset.shape[0] // self._frames_a_chunk) if self._dataset.ndim > 2 else 1

    def _built(self) -> tuple[Any, Any, Any]:
        offsets = np.full(self._n_chunks, -1, np.int64)
        sizes = np.zeros(self._n_chunks, np.int64)
        masks = np.zeros(self._n_chunks, np.int64)
        n = self._frames_a_chunk if self._dataset.ndim > 2 else self._dataset.shape[0] or 1

        def note(info: h5py.h5d.StoreInfo) -> None:
            chunk = info.chunk_offset[0] // n
            offsets[chunk], sizes[chunk] = info.byte_offset, info.size
            masks[chunk] = info.filter_mask

        with hdf5_errors(self._dataset.file.filename):
            self._dataset.id.chunk_iter(note)
        return offsets.tolist(), sizes.tolist(), masks.tolist()

    def _pread(
        self, chunk: int, index: tuple[Any, Any, Any], scratch: Scratch
    ) -> tuple[Bytes, int] | None:
        offsets, sizes, masks = index
        if offsets[chunk] < 0:
            return None
        buffer = scratch.bytes("stored", sizes[chunk])
        assert self._descriptor is not None
        n_read = read_at(self._descriptor, offsets[chunk], buffer)
        if n_read != sizes[chunk]:
            raise FileUnreadable(
                "the file ends inside a chunk",
                found=f"{n_read} bytes",
                expected=f"{sizes[chunk]} bytes from byte {offsets[chunk]}",
                where=self._dataset.file.filename,
                next_step="copy the file again from where it was written",
            )
        return buffer, masks[chunk]

    def _through_hdf5(self, chunk: int, scratch: Scratch) -> tuple[Bytes, int] | None:
        dataset = self._dataset
        at = (chunk * self._frames_a_chunk, *(0,) * (dataset.ndim - 1))
        n_bytes = int(np.prod(self._chunk_shape, dtype=np.int64)) * dataset.dtype.itemsize
        # Filters may make incompressible chunks larger than their pixels.
        buffer = scratch.bytes("stored", n_bytes + n_bytes // 8 + 4096)
        with hdf5_errors(dataset.file.filename):
            try:
                mask, stored = dataset.id.read_direct_chunk(at, out=buffer)
            except RuntimeError:  # h5py's type for "no such chunk"
                return None
        return np.frombuffer(stored, np.uint8), mask
