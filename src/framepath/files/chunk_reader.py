"""Pixels from stored chunks, decoded without libhdf5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from framepath.codecs import Codec, decode_bslz4_rows
from framepath.errors import CodecError, FileUnreadable
from framepath.files.chunk_index import ChunkIndex, ChunkTable
from framepath.files.source import Box, Pixels, Scratch, StoredChunk, is_whole
from framepath.spec.frame import Compressed

_FEW_ROWS = 0.5
"""Below this share of a frame's rows, bslz4 blocks are decoded one by one."""


class ChunkReader:
    """Fetches stored chunks and decodes them outside h5py's lock, into reused buffers.

    Parameters
    ----------
    dataset
        Chunked, each chunk spanning whole frames.
    codec
        What undoes the dataset's only filter; None for a dataset without filters.
    descriptor, table
        See `ChunkIndex`.
    """

    def __init__(
        self,
        dataset: h5py.Dataset,
        codec: Codec | None,
        descriptor: int | None,
        table: ChunkTable | None = None,
    ) -> None:
        self._where = f"{dataset.file.filename}:{dataset.name}"
        self._codec = codec
        assert dataset.chunks is not None
        self._chunk_shape = (*(1,) * (3 - dataset.ndim), *dataset.chunks)
        self._dtype = dataset.dtype
        self._index = ChunkIndex(dataset, descriptor, table)
        self._scratch = Scratch()

    def read(self, frames: Sequence[int], box: Box, out: Pixels) -> None:
        """Fill ``out`` (len(frames), *box); a chunk of several frames is decoded once a run."""
        n_frames, *frame_shape = self._chunk_shape
        whole = n_frames == 1 and is_whole(box, tuple(frame_shape)) and out.dtype == self._dtype
        decoded, decoded_chunk = None, -1
        for at, frame in enumerate(frames):
            chunk, place = divmod(int(frame), n_frames)
            target = out[at]
            if whole and target.flags.c_contiguous:
                self._decode(chunk, frame, target)
                continue
            if n_frames == 1 and self._read_rows(chunk, frame, box, target):
                continue
            if chunk != decoded_chunk:
                decoded = self._chunk_buffer()
                self._decode(chunk, frame, decoded)
                decoded_chunk = chunk
            assert decoded is not None
            target[...] = decoded[place][box]

    def stored_chunk(self, frame: int) -> StoredChunk | None:
        """The stored bytes of one frame; None when chunks hold several."""
        if self._chunk_shape[0] != 1:
            return None
        payload, mask = self._stored(frame, frame)
        encoding = None
        if self._codec is not None and not mask & 1:
            encoding = Compressed(self._codec.name, self._chunk_shape[1:], self._dtype)
        return StoredChunk(payload.copy(), encoding)

    def close(self) -> None:
        """Nothing is open beyond the file."""

    def _chunk_buffer(self) -> Pixels:
        n_bytes = int(np.prod(self._chunk_shape, dtype=np.int64)) * self._dtype.itemsize
        return self._scratch.bytes("pixels", n_bytes).view(self._dtype).reshape(self._chunk_shape)

    def _stored(self, chunk: int, frame: int) -> tuple[Any, int]:
        found = self._index.stored(chunk, self._scratch)
        if found is None:
            raise FileUnreadable(
                f"frame {frame} was never written: its chunk is not in the file",
                where=self._where,
                next_step="read the frames around it; framepath ledger says what became of it",
            )
        return found

    def _decode(self, chunk: int, frame: int, out: Pixels) -> None:
        payload, mask = self._stored(chunk, frame)
        try:
            if self._codec is None or mask & 1:
                _copy_plain(payload, out)
            else:
                self._codec.decode(payload, out)
        except CodecError as error:
            raise self._damaged(frame, error) from error

    def _read_rows(self, chunk: int, frame: int, box: Box, out: Pixels) -> bool:
        """Decode only the blocks that hold the wanted rows; False where that does not pay."""
        n_rows = self._chunk_shape[1]
        rows = box[0]
        if self._codec is None or self._codec.name != "bslz4" or len(box) != 2:
            return False
        if (rows.stop - rows.start) > _FEW_ROWS * n_rows:
            return False
        payload, mask = self._stored(chunk, frame)
        if mask & 1:
            return False
        try:
            decoded = decode_bslz4_rows(
                payload, self._chunk_shape[1:], self._dtype, rows.start, rows.stop
            )
        except CodecError as error:
            raise self._damaged(frame, error) from error
        out[...] = decoded[:, box[1]]
        return True

    def _damaged(self, frame: int, error: CodecError) -> FileUnreadable:
        return FileUnreadable(
            f"frame {frame} cannot be decoded",
            found=error,
            where=self._where,
            next_step="compare the file with its source, or copy it again",
        )


def _copy_plain(payload: Any, out: Pixels) -> None:
    if payload.size != out.nbytes:
        raise CodecError(
            "a plain chunk has another size than its pixels",
            found=f"{payload.size} bytes",
            expected=f"{out.nbytes} bytes",
        )
    out.reshape(-1).view(np.uint8)[:] = payload
