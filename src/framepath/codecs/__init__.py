"""Encode and decode stored chunks: one small module a codec, one library call each.

Every codec produces the bytes that an HDF5 filter would store for one chunk, so that a chunk may
be written with ``write_direct_chunk`` and read by any HDF5 program that has the filter.
"""

from framepath.codecs.bslz4 import decode_rows as decode_bslz4_rows
from framepath.codecs.registry import CODECS, Codec, codec_named, codec_of_filters, decode, encode

__all__ = [
    "CODECS",
    "Codec",
    "codec_named",
    "codec_of_filters",
    "decode",
    "decode_bslz4_rows",
    "encode",
]
