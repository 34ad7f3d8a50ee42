"""LZ4, HDF5 filter 32004: one block a chunk, as the filter and ADCore write it.

A chunk is big-endian uint64 bytes of pixels, uint32 bytes of a block, then each block as a uint32
length and its bytes; a block whose length equals its pixels' is not compressed.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from framepath.codecs import libraries
from framepath.codecs.buffers import Bytes, Payload, Pixels, as_bytes, damaged, room
from framepath.errors import CodecError

FILTER_ID = 32004
HEADER = struct.Struct(">QI")
LENGTH = struct.Struct(">I")
_PREFIX = HEADER.size + LENGTH.size
_LARGEST = 0x7E000000
"""LZ4_MAX_INPUT_SIZE."""


def encode(pixels: Pixels, out: Bytes | None = None) -> Bytes:
    """Encode one chunk; see `framepath.codecs.bslz4.encode` for the parameters."""
    n_bytes = pixels.nbytes
    buffer = room(_PREFIX + _bound(n_bytes), out)
    HEADER.pack_into(buffer.data, 0, n_bytes, n_bytes)
    n = libraries.lz4().LZ4_compress_default(
        pixels.ctypes.data, buffer.ctypes.data + _PREFIX, n_bytes, buffer.size - _PREFIX
    )
    if n <= 0 or n >= n_bytes:
        buffer[_PREFIX : _PREFIX + n_bytes] = as_bytes(pixels)
        n = n_bytes
    LENGTH.pack_into(buffer.data, HEADER.size, n)
    return buffer[: _PREFIX + n]


def encode_block(pixels: Pixels) -> Bytes:
    """Encode pixels as one LZ4 block without any header, which may be larger than they are.

    Raises
    ------
    CodecError
        They are too many; or the block has just their size, which a chunk cannot hold, because a
        block of that size is read as pixels.
    """
    buffer = room(_bound(pixels.nbytes), None)
    n = libraries.lz4().LZ4_compress_default(
        pixels.ctypes.data, buffer.ctypes.data, pixels.nbytes, buffer.size
    )
    if n <= 0 or n == pixels.nbytes:
        raise CodecError(
            "LZ4 cannot compress this frame",
            found=f"library result {n} for {pixels.nbytes} bytes",
            expected="a block of another size than the pixels",
            next_step="use the bslz4 codec",
        )
    return buffer[:n]


def _bound(n_bytes: int) -> int:
    """Bytes that a block may take: LZ4_compressBound is n + n / 255 + 16."""
    if n_bytes > _LARGEST:
        raise CodecError(
            "a chunk is too large for LZ4",
            found=f"{n_bytes} bytes",
            expected=f"at most {_LARGEST}",
            next_step="use smaller chunks (NumRowChunks) or the bslz4 codec",
        )
    return n_bytes + n_bytes // 255 + 16


def decode(payload: Payload, out: Pixels) -> None:
    """Decode one chunk into ``out``; raises CodecError when it does not fit."""
    stored, pixels = as_bytes(payload), out.reshape(-1).view(np.uint8)
    if stored.size < _PREFIX or HEADER.unpack_from(stored.data)[0] != pixels.size:
        raise damaged("LZ4", "another header", f"{pixels.size} bytes of pixels")
    block_bytes = HEADER.unpack_from(stored.data)[1] or pixels.size
    at = HEADER.size
    for first in range(0, pixels.size, block_bytes):
        block = pixels[first : first + block_bytes]
        at = _decode_block(stored, at, block)


def _decode_block(stored: Bytes, at: int, block: Bytes) -> int:
    """Decode the block at byte ``at``; return the byte after it."""
    length = (
        LENGTH.unpack_from(stored.data, at)[0] if at + LENGTH.size <= stored.size else stored.size
    )
    at += LENGTH.size
    if at + length > stored.size:
        raise damaged("LZ4", f"{stored.size} bytes", f"at least {at + length}")
    if length == block.size:
        block[:] = stored[at : at + length]
        return at + length
    n = libraries.lz4().LZ4_decompress_safe(
        stored.ctypes.data + at, block.ctypes.data, length, block.size
    )
    if n != block.size:
        raise damaged("LZ4", f"library result {n}", f"{block.size} bytes decoded")
    return at + length


def filter_options(shape: Sequence[int], dtype: np.dtype[Any]) -> tuple[int, ...]:
    """Options given to filter 32004, as ADCore gives them (block size by default)."""
    return (0, 0)
