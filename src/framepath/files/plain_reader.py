"""Pixels that lie one after the other: contiguous datasets and raw external files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framepath.errors import FileUnreadable
from framepath.files.source import Box, Pixels, Scratch, StoredChunk, is_whole, read_bytes


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a dataset's bytes: ``n_bytes`` from ``offset`` of an open file."""

    descriptor: int
    offset: int
    n_bytes: int
    path: str


class PlainReader:
    """Reads pixels that lie one after the other, in the HDF5 file or in raw external files.

    Parameters
    ----------
    segments
        The dataset's bytes in order.
    frame_shape, dtype
        Of one frame as stored.
    owned
        Descriptors to close with the reader.
    """

    def __init__(
        self,
        segments: Sequence[Segment],
        frame_shape: tuple[int, ...],
        dtype: np.dtype[Any],
        owned: Sequence[int] = (),
    ) -> None:
        self._segments = tuple(segments)
        self._frame_shape = frame_shape
        self._dtype = dtype
        self._owned = list(owned)
        self._frame_bytes = int(np.prod(frame_shape, dtype=np.int64)) * dtype.itemsize
        self._scratch = Scratch()

    def read(self, frames: Sequence[int], box: Box, out: Pixels) -> None:
        """Fill ``out`` (len(frames), *box), reading whole rows of the box only."""
        row_bytes = self._frame_bytes // max(self._frame_shape[0], 1)
        rows, inner = box[0], (slice(None), *box[1:])
        whole_rows = is_whole(box[1:], self._frame_shape[1:])
        n_bytes = (rows.stop - rows.start) * row_bytes
        for at, frame in enumerate(frames):
            start = int(frame) * self._frame_bytes + rows.start * row_bytes
            target = out[at]
            if whole_rows and target.flags.c_contiguous:
                self._fill(start, target.reshape(-1).view(np.uint8))
                continue
            buffer = self._scratch.bytes("rows", n_bytes)
            self._fill(start, buffer)
            shape = (rows.stop - rows.start, *self._frame_shape[1:])
            target[...] = buffer.view(self._dtype).reshape(shape)[inner]

    def stored_chunk(self, frame: int) -> StoredChunk | None:
        """The plain pixels of one frame."""
        payload = np.empty(self._frame_bytes, np.uint8)
        self._fill(frame * self._frame_bytes, payload)
        return StoredChunk(payload, None)

    def close(self) -> None:
        """Close the raw files."""
        while self._owned:
            os.close(self._owned.pop())

    def _fill(self, start: int, out: Pixels) -> None:
        """Fill uint8 ``out`` with the dataset's bytes from ``start`` on."""
        done, base = 0, 0
        for segment in self._segments:
            past = base + segment.n_bytes
            at = start + done
            if at < past and done < out.size:
                part = out[done : done + min(past - at, out.size - done)]
                read_bytes(segment.descriptor, segment.offset + at - base, part, segment.path)
                done += part.size
            base = past
        if done < out.size:
            raise FileUnreadable(
                "the dataset is longer than the files that hold its bytes",
                found=f"{base} bytes",
                expected=f"at least {start + out.size} bytes",
                where=", ".join(segment.path for segment in self._segments),
                next_step="look for a missing raw file",
            )
