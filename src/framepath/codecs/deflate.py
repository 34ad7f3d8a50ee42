"""zlib, HDF5 filter 1 (deflate), without a shuffle before it, as ADCore sets it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from framepath.codecs.buffers import Bytes, Payload, Pixels, as_bytes, damaged

FILTER_ID = 1


def encode(pixels: Pixels, out: Bytes | None = None, *, level: int = 6) -> Bytes:
    """Encode one chunk at ``level`` 0 to 9; ``out`` is not used, Python's zlib makes its own."""
    return as_bytes(zlib.compress(as_bytes(pixels).data, level))


def decode(payload: Payload, out: Pixels) -> None:
    """Decode one chunk into ``out``; raises CodecError when it does not fit."""
    decoder = zlib.decompressobj()
    try:
        plain = decoder.decompress(as_bytes(payload).data, out.nbytes + 1)
    except zlib.error as error:
        raise damaged("zlib", error, f"{out.nbytes} bytes of pixels") from error
    if len(plain) != out.nbytes or not decoder.eof:
        raise damaged("zlib", f"{len(plain)} bytes of pixels", f"{out.nbytes} bytes")
    out.reshape(-1).view(np.uint8)[:] = as_bytes(plain)


def filter_options(
    shape: Sequence[int], dtype: np.dtype[Any], *, level: int = 6
) -> tuple[int, ...]:
    """Options given to filter 1: the level."""
    return (level,)
