"""Bytes in and out of the codecs."""

from __future__ import annotations

from typing import Any

import numpy as np

from framepath.errors import CodecError

Pixels = np.ndarray[Any, np.dtype[Any]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Payload = bytes | bytearray | memoryview | Pixels


def as_bytes(payload: Payload) -> Bytes:
    """The bytes of a payload as uint8 (n_bytes,), without a copy."""
    if isinstance(payload, np.ndarray):
        payload = np.ascontiguousarray(payload).reshape(-1)
    return np.frombuffer(payload, np.uint8)


def room(n_bytes: int, out: Bytes | None) -> Bytes:
    """``out`` where it is large enough, else a new uint8 (n_bytes,); its content is undefined."""
    return out if out is not None and out.size >= n_bytes else np.empty(n_bytes, np.uint8)


def damaged(codec: str, found: object, expected: object) -> CodecError:
    """The error for a payload that its codec cannot have written."""
    return CodecError(
        f"a stored {codec} chunk is damaged",
        found=found,
        expected=expected,
        next_step="compare the file with its source; the frame cannot be recovered from this chunk",
    )
