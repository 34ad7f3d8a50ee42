"""Zstandard, HDF5 filter 32015; not among ADCore's codecs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from framepath.codecs import libraries
from framepath.codecs.buffers import Bytes, Payload, Pixels, as_bytes, damaged, room

FILTER_ID = 32015


def encode(pixels: Pixels, out: Bytes | None = None, *, level: int = 3) -> Bytes:
    """Encode one chunk at ``level`` 1 to 22; else as `framepath.codecs.bslz4.encode`."""
    library = libraries.zstd()
    buffer = room(library.ZSTD_compressBound(pixels.nbytes), out)
    n = library.ZSTD_compress(
        buffer.ctypes.data, buffer.size, pixels.ctypes.data, pixels.nbytes, level
    )
    if library.ZSTD_isError(n):
        raise damaged("Zstandard", f"library error {n}", "pixels that can be compressed")
    return buffer[:n]


def decode(payload: Payload, out: Pixels) -> None:
    """Decode one chunk into ``out``; raises CodecError when it does not fit."""
    stored = as_bytes(payload)
    n = libraries.zstd().ZSTD_decompress(
        out.ctypes.data, out.nbytes, stored.ctypes.data, stored.size
    )
    if n != out.nbytes:
        raise damaged("Zstandard", f"library result {n}", f"{out.nbytes} bytes decoded")


def filter_options(
    shape: Sequence[int], dtype: np.dtype[Any], *, level: int = 3
) -> tuple[int, ...]:
    """Options given to filter 32015: the level."""
    return (level,)
