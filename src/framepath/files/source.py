"""What every kind of stored frames offers to the stack above it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from framepath.errors import FileUnreadable
from framepath.spec.frame import Compressed

Pixels = np.ndarray[Any, np.dtype[Any]]
Box = tuple[slice, ...]
"""Pixels wanted of each frame: one slice an axis behind the frame axis, no steps, in bounds."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames that are not there.

    Attributes
    ----------
    start, stop
        Frame indices ``start`` to ``stop - 1`` of the stack; ``stop`` equals ``start`` for a
        missing file at the end, whose number of frames nobody knows.
    reason
        The message of the error that reading them raises.
    """

    start: int
    stop: int
    reason: str


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """One frame exactly as its file holds it, for those who pass it on without decoding.

    ``payload`` uint8 (n_bytes,); ``encoding`` says how to read it, None for plain pixels.
    """

    payload: Pixels
    encoding: Compressed | None


class FrameSource(Protocol):
    """Frames of one origin, read on demand from any thread.

    ``shape`` is (frames, y, x) or (frames, y, x, ...), ``kind`` a word or two for people.
    """

    kind: str

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, y, x, ...)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a pixel."""
        ...

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Frames that are known to be missing."""
        ...

    def read(self, frames: Sequence[int], box: Box, out: Pixels) -> None:
        """Fill ``out`` (len(frames), *box) with pixels of the frames, given in any order."""
        ...

    def stored_chunk(self, frame: int) -> StoredChunk | None:
        """The stored bytes of one frame; None unless one chunk is exactly this frame."""
        ...

    def visit_files(self) -> None:
        """Open once every file that reading could need, so that all of them are known."""
        ...

    def refresh(self) -> None:
        """Look again how many frames a file that is being written holds."""
        ...

    def close(self) -> None:
        """Close every file."""
        ...


class PixelReader(Protocol):
    """Reads frames of one dataset; the dataset's type and shape are the caller's business."""

    def read(self, frames: Sequence[int], box: Box, out: Pixels) -> None:
        """Fill ``out`` (len(frames), *box)."""
        ...

    def stored_chunk(self, frame: int) -> StoredChunk | None:
        """The stored bytes of one frame, where one chunk is one frame."""
        ...

    def close(self) -> None:
        """Close what is open beyond the file itself."""
        ...


def is_whole(box: Box, frame_shape: tuple[int, ...]) -> bool:
    """Whether a box takes every pixel of a frame."""
    return all(s.start == 0 and s.stop == n for s, n in zip(box, frame_shape, strict=True))


def runs(frames: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Split frame numbers into runs of neighbours: (position in ``frames``, first, past last)."""
    begin = 0
    for at in range(1, len(frames) + 1):
        if at == len(frames) or frames[at] != frames[at - 1] + 1:
            yield begin, int(frames[begin]), int(frames[at - 1]) + 1
            begin = at


def read_bytes(descriptor: int, offset: int, out: Pixels, where: str) -> None:
    """Fill uint8 ``out`` with a file's bytes from ``offset`` on.

    Raises
    ------
    FileUnreadable
        The file ends before, or the system cannot read it.
    """
    done = 0
    while done < out.size:
        try:
            n_read = os.preadv(descriptor, [out[done:].data], offset + done)
        except (OSError, OverflowError) as error:  # no system reads behind byte 2**63
            raise FileUnreadable("the file cannot be read", found=error, where=where) from error
        if n_read == 0:
            raise FileUnreadable(
                "the file ends before the pixels do",
                found=f"{done} bytes",
                expected=f"{out.size} bytes from byte {offset}",
                where=where,
                next_step="copy the file again from where it was written",
            )
        done += n_read


class Scratch(threading.local):
    """Reused buffers, one set a thread."""

    def __init__(self) -> None:
        self._buffers: dict[str, np.ndarray[Any, np.dtype[np.uint8]]] = {}

    def bytes(self, purpose: str, n_bytes: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """uint8 (n_bytes,) that keeps its content until asked for again."""
        buffer = self._buffers.get(purpose)
        if buffer is None or buffer.size < n_bytes:
            buffer = self._buffers[purpose] = np.empty(n_bytes, np.uint8)
        return buffer[:n_bytes]
