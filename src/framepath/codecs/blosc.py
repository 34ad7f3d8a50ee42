"""Blosc (version 1), HDF5 filter 32001."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from framepath.codecs import libraries
from framepath.codecs.buffers import Bytes, Payload, Pixels, as_bytes, damaged, room
from framepath.errors import CodecError

FILTER_ID = 32001
COMPRESSORS = (b"blosclz", b"lz4", b"lz4hc", b"snappy", b"zlib", b"zstd")
"""In the order of ADCore's ``BloscCompressor``."""
_OVERHEAD = 16


def encode(
    pixels: Pixels,
    out: Bytes | None = None,
    *,
    compressor: int = 0,
    shuffle: int = 0,
    level: int = 5,
    threads: int = 1,
) -> Bytes:
    """Encode one chunk.

    Parameters
    ----------
    pixels, out
        As for `framepath.codecs.bslz4.encode`.
    compressor
        Index into `COMPRESSORS`.
    shuffle
        0 none, 1 byte, 2 bit.
    level
        0 (store) to 9.
    threads
        Threads that compress the blocks of this chunk.

    Raises
    ------
    CodecError
        The library was built without that compressor.
    """
    buffer = room(pixels.nbytes + _OVERHEAD, out)
    n = libraries.blosc().blosc_compress_ctx(
        *(level, shuffle, pixels.dtype.itemsize, pixels.nbytes, pixels.ctypes.data),
        *(buffer.ctypes.data, buffer.size, COMPRESSORS[compressor], 0, threads),
    )
    if n <= 0:
        raise CodecError(
            "Blosc did not compress a chunk",
            found=f"result {n} with {COMPRESSORS[compressor].decode()}",
            expected="a compressor that the bundled library has",
            next_step="choose BloscLZ, LZ4, ZLIB or ZSTD",
        )
    return buffer[:n]


def decode(payload: Payload, out: Pixels) -> None:
    """Decode one chunk into ``out``; raises CodecError when it does not fit."""
    stored = as_bytes(payload)
    n_bytes = ctypes.c_size_t()
    library = libraries.blosc()
    invalid = library.blosc_cbuffer_validate(stored.ctypes.data, stored.size, ctypes.byref(n_bytes))
    if invalid or n_bytes.value != out.nbytes:
        raise damaged("Blosc", f"a header for {n_bytes.value} bytes", f"{out.nbytes} bytes")
    n = library.blosc_decompress_ctx(stored.ctypes.data, out.ctypes.data, out.nbytes, 1)
    if n != out.nbytes:
        raise damaged("Blosc", f"library result {n}", f"{out.nbytes} bytes decoded")


def filter_options(
    shape: Sequence[int],
    dtype: np.dtype[Any],
    *,
    compressor: int = 0,
    shuffle: int = 0,
    level: int = 5,
) -> tuple[int, ...]:
    """Options given to filter 32001; the first four places are the filter's own."""
    return (0, 0, 0, 0, level, shuffle, compressor)
