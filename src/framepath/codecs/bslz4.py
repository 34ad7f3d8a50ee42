"""Bitshuffle with LZ4, HDF5 filter 32008: blocks of some kilobytes that decode one by one.

A chunk is a header (big-endian uint64 bytes of pixels, uint32 bytes of a block), then each block
as a big-endian uint32 length and that many bytes; up to seven last elements are stored as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from framepath.codecs import bslz4_compiled, libraries
from framepath.codecs.buffers import Bytes, Payload, Pixels, as_bytes, damaged, room

FILTER_ID = 32008
BLOCK_BYTES = 8192
"""Bytes of a block as bitshuffle's own filter, ADCore and DECTRIS write it."""

FAST_BLOCK_BYTES = 16384
"""Takes 13 to 17 % less CPU for the same size; every reader finds the size in the chunk."""

HEADER = struct.Struct(">QI")
_LENGTH = struct.Struct(">I")
_LZ4 = 2
_GROUP = 8


def encode(pixels: Pixels, out: Bytes | None = None, *, block_bytes: int = BLOCK_BYTES) -> Bytes:
    """Encode one chunk.

    Parameters
    ----------
    pixels
        C-contiguous, any shape and type of 1, 2, 4 or 8 bytes.
    out
        uint8 (n,) to write into; a new buffer is made when it is None or may be too small.
    block_bytes
        Bytes of a block, a multiple of 64.

    Returns
    -------
    View of the bytes used, uint8 (n_stored,).
    """
    library = libraries.bitshuffle()
    itemsize = pixels.dtype.itemsize
    block = block_bytes // itemsize
    bound = library.bshuf_compress_lz4_bound(pixels.size, itemsize, block)
    buffer = room(HEADER.size + bound, out)
    HEADER.pack_into(buffer.data, 0, pixels.nbytes, block_bytes)
    n = library.bshuf_compress_lz4(
        pixels.ctypes.data, buffer.ctypes.data + HEADER.size, pixels.size, itemsize, block
    )
    if n < 0:
        raise damaged("bslz4", f"library error {n}", "pixels that can be compressed")
    return buffer[: HEADER.size + n]


def decode(payload: Payload, out: Pixels) -> None:
    """Decode one chunk into ``out``, C-contiguous, of the shape and type that was encoded.

    Raises
    ------
    CodecError
        Header, block lengths or content do not fit ``out``; ``out`` is then undefined.
    """
    stored = as_bytes(payload)
    block = _block_elements(stored, out.nbytes, out.itemsize)
    _decode_blocks(stored, HEADER.size, out.reshape(-1), block)


def decode_rows(
    payload: Payload,
    shape: tuple[int, ...],
    dtype: np.dtype[Any] | str,
    first_row: int,
    last_row: int,
) -> Pixels:
    """Decode some rows of a frame, touching only the blocks that hold them.

    Parameters
    ----------
    payload
        A stored chunk of one frame.
    shape
        Shape of the chunk, slowest axis first: (y, x), or (1, y, x); all axes but the last are
        counted as rows.
    dtype
        Type of a pixel.
    first_row, last_row
        Rows ``first_row`` to ``last_row - 1``.

    Returns
    -------
    Array (last_row - first_row, x), a view of a slightly larger buffer.

    Raises
    ------
    CodecError
        The chunk is damaged, or does not hold such a frame.
    IndexError
        The rows are not 0 <= first_row <= last_row <= rows.
    """
    dtype = np.dtype(dtype)
    n_columns = shape[-1]
    n_elements = int(np.prod(shape, dtype=np.int64))
    if not 0 <= first_row <= last_row <= n_elements // max(n_columns, 1):
        raise IndexError(f"rows {first_row} to {last_row} of a frame of shape {shape}")
    stored = as_bytes(payload)
    block = _block_elements(stored, n_elements * dtype.itemsize, dtype.itemsize)
    starts = _block_starts(stored, HEADER.size, n_elements, dtype.itemsize, block)
    first, last = first_row * n_columns, last_row * n_columns
    if first == last:
        return np.empty((0, n_columns), dtype)
    from_block, past_block = first // block, -(-last // block)
    # The end of the frame holds a shorter block and the elements that fill no group of eight.
    past_element = min(past_block * block, n_elements)
    past_byte = starts[past_block] if past_block * block <= n_elements else starts[-1]
    out = np.empty(past_element - from_block * block, dtype)
    _decode_blocks(stored[:past_byte], starts[from_block], out, block)
    offset = from_block * block
    return out[first - offset : last - offset].reshape(last_row - first_row, n_columns)


def filter_options(
    shape: Sequence[int], dtype: np.dtype[Any], *, block_bytes: int = BLOCK_BYTES
) -> tuple[int, ...]:
    """Options given to filter 32008: block size by default (0), LZ4 (2), as ADCore gives them.

    The filter takes the size for decoding from the chunk.
    """
    return (0, _LZ4)


def _block_elements(stored: Bytes, n_bytes: int, itemsize: int) -> int:
    """Elements a block, from a header that must announce ``n_bytes`` of pixels."""
    if stored.size < HEADER.size:
        raise damaged("bslz4", f"{stored.size} bytes", f"a header of {HEADER.size} bytes")
    total, block_bytes = HEADER.unpack_from(stored.data)
    if total != n_bytes:
        raise damaged("bslz4", f"a header for {total} bytes of pixels", f"{n_bytes} bytes")
    block, odd = divmod(block_bytes, itemsize)
    if odd or block == 0 or block % _GROUP:
        raise damaged("bslz4", f"blocks of {block_bytes} bytes", f"{_GROUP * itemsize} n bytes")
    return block


def _block_starts(stored: Bytes, at: int, n_elements: int, itemsize: int, block: int) -> list[int]:
    """The byte where each block from byte ``at`` on starts, that behind the last, and the end.

    The lengths are checked here because the library trusts them and would read past the end.
    """
    full, rest = divmod(n_elements, block)
    view, length = stored.data, _LENGTH.unpack_from
    starts, end = [at], stored.size
    try:
        for _ in range(full + (rest >= _GROUP)):
            (n,) = length(view, at)
            at += n + 4
            starts.append(at)
    except struct.error:
        raise damaged("bslz4", f"{end} bytes", f"at least {at + 4} by its block lengths") from None
    leftover = (rest % _GROUP) * itemsize
    if at + leftover != end:
        raise damaged("bslz4", f"{end} bytes", f"{at + leftover} bytes by its block lengths")
    starts.append(end)
    return starts


def _decode_blocks(stored: Bytes, at: int, out: Pixels, block: int) -> None:
    """Decode the blocks from byte ``at`` to the end into all elements of ``out`` (n,)."""
    decoder = bslz4_compiled.DECODERS.get(out.itemsize)
    n_elements, n_bytes = decoder.decode(stored[at:], out, block) if decoder else (0, 0)
    at, out = at + n_bytes, out[n_elements:]
    _block_starts(stored, at, out.size, out.itemsize, block)
    library = libraries.bitshuffle_for_decoding(out.itemsize)
    n = library.bshuf_decompress_lz4(
        stored.ctypes.data + at, out.ctypes.data, out.size, out.itemsize, block
    )
    if n != stored.size - at:
        raise damaged("bslz4", f"library result {n}", "blocks as LZ4 compresses them")
