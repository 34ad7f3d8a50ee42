"""The table of codecs, by name and by HDF5 filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framepath.codecs import blosc, bslz4, deflate, jpeg, lz4, pipeline, zstd
from framepath.codecs.buffers import Bytes, Payload, Pixels
from framepath.errors import CodecError


@dataclass(frozen=True, slots=True)
class Codec:
    """One codec.

    Attributes
    ----------
    name
        As in `framepath.spec.frame.Compressed`.
    filter_id
        HDF5 filter whose stored bytes it makes.
    encode
        ``encode(pixels, out=None, **options)`` -> uint8 (n_stored,).
    decode
        ``decode(payload, out)`` fills ``out``.
    filter_options
        ``filter_options(shape, dtype, **options)`` -> the filter's client data for a chunk.
    """

    name: str
    filter_id: int
    encode: Callable[..., Bytes]
    decode: Callable[..., None]
    filter_options: Callable[..., tuple[int, ...]]


def _no_options(shape: Sequence[int], dtype: np.dtype[Any], **options: int) -> tuple[int, ...]:
    """libhdf5 works out the client data of its own filters."""
    return ()


CODECS = {
    codec.name: codec
    for codec in (
        Codec("bslz4", bslz4.FILTER_ID, bslz4.encode, bslz4.decode, bslz4.filter_options),
        Codec("lz4", lz4.FILTER_ID, lz4.encode, lz4.decode, lz4.filter_options),
        Codec("blosc", blosc.FILTER_ID, blosc.encode, blosc.decode, blosc.filter_options),
        Codec("zstd", zstd.FILTER_ID, zstd.encode, zstd.decode, zstd.filter_options),
        Codec("zlib", deflate.FILTER_ID, deflate.encode, deflate.decode, deflate.filter_options),
        Codec("jpeg", jpeg.FILTER_ID, jpeg.encode, jpeg.decode, jpeg.filter_options),
        Codec(
            *("nbit", pipeline.NBIT_FILTER_ID, pipeline.encode_nbit),
            *(pipeline.decode_nbit, _no_options),
        ),
        Codec(
            *("szip", pipeline.SZIP_FILTER_ID, pipeline.encode_szip),
            *(pipeline.decode_szip, _no_options),
        ),
    )
}
"""Every codec by name."""

_DIRECT = {c.filter_id: c for c in CODECS.values() if c.name not in ("nbit", "szip", "jpeg")}
_BITSHUFFLE_COMPRESSION = 4
"""Place of the compression number in the stored client data of filter 32008."""


def codec_named(name: str) -> Codec:
    """The codec called ``name``; CodecError listing all names when there is none."""
    try:
        return CODECS[name]
    except KeyError:
        raise CodecError(
            "unknown codec", found=repr(name), expected=f"one of {', '.join(sorted(CODECS))}"
        ) from None


def codec_of_filters(filters: Sequence[tuple[int, Sequence[int]]]) -> Codec | None:
    """The codec that decodes chunks of a dataset without libhdf5's filter pipeline.

    Parameters
    ----------
    filters
        (filter id, client data) in pipeline order.

    Returns
    -------
    None when the pipeline has another number of filters than one, or a filter (shuffle,
    Fletcher-32, n-bit, bitshuffle without LZ4...) that only libhdf5 should undo.
    """
    if len(filters) != 1:
        return None
    filter_id, options = filters[0]
    if filter_id == bslz4.FILTER_ID and tuple(options[_BITSHUFFLE_COMPRESSION:][:1]) != (2,):
        return None
    return _DIRECT.get(filter_id)


def encode(name: str, pixels: Pixels, out: Bytes | None = None, **options: int) -> Bytes:
    """Encode one chunk with the codec called ``name``; see `Codec.encode`."""
    return codec_named(name).encode(np.ascontiguousarray(pixels), out, **options)


def decode(
    name: str,
    payload: Payload,
    shape: tuple[int, ...],
    dtype: np.dtype[Any] | str,
    out: Pixels | None = None,
) -> Pixels:
    """Decode one chunk with the codec called ``name``.

    Parameters
    ----------
    payload
        The stored bytes.
    shape, dtype
        Of the pixels, slowest axis first.
    out
        C-contiguous array of that shape and type to fill; a new one when None.

    Raises
    ------
    CodecError
        The payload is damaged or holds another number of pixels, or ``out`` does not fit.
    """
    wanted = np.dtype(dtype)
    if out is None:
        out = np.empty(shape, wanted)
    elif out.shape != tuple(shape) or out.dtype != wanted or not out.flags.c_contiguous:
        raise CodecError(
            "the array given to decode into does not fit",
            found=f"{out.dtype} {out.shape}",
            expected=f"C-contiguous {wanted} {tuple(shape)}",
        )
    codec_named(name).decode(payload, out)
    return out
