"""From a frame to what is stored of it: pixels, compressed chunk bytes, or bytes as they came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from framepath.codecs import Codec, codec_named
from framepath.codecs.bslz4 import BLOCK_BYTES, FAST_BLOCK_BYTES
from framepath.codecs.bslz4 import FILTER_ID as BSLZ4_FILTER
from framepath.codecs.bslz4 import HEADER as BSLZ4_HEADER
from framepath.codecs.lz4 import HEADER as LZ4_HEADER
from framepath.codecs.lz4 import LENGTH as LZ4_LENGTH
from framepath.codecs.pipeline import nbit_type, set_nbit, set_szip
from framepath.errors import SettingsError
from framepath.layout.model import Mode
from framepath.spec.frame import Frame
from framepath.writing.filter_version import adcore_options
from framepath.writing.geometry import Geometry
from framepath.writing.settings import Compression, WriterSettings

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_BY_LIBHDF5 = ("nbit", "szip")
"""Codecs that only libhdf5's pipeline has."""


def codec_of(settings: WriterSettings) -> tuple[str, dict[str, int]] | None:
    """Codec name and options that a ``Compression`` stands for (rule 11.5); None for none."""
    table: dict[Compression, tuple[str, dict[str, int]]] = {
        Compression.NBIT: (
            "nbit",
            {"precision": settings.nbit_precision, "offset": settings.nbit_offset},
        ),
        Compression.SZIP: ("szip", {"pixels_a_block": settings.szip_pixels}),
        Compression.ZLIB: ("zlib", {"level": settings.zlib_level}),
        Compression.BLOSC: (
            "blosc",
            {
                "compressor": settings.blosc_compressor,
                "shuffle": settings.blosc_shuffle,
                "level": settings.blosc_level,
            },
        ),
        Compression.BSLZ4: ("bslz4", {"block_bytes": _block_bytes(settings)}),
        Compression.LZ4: ("lz4", {}),
        Compression.LZ4HDF5: ("lz4", {}),
        Compression.JPEG: ("jpeg", {"quality": settings.jpeg_quality}),
        Compression.ZSTD: ("zstd", {"level": settings.zstd_level}),
    }
    return table.get(settings.compression)


def _block_bytes(settings: WriterSettings) -> int:
    """Bytes of a bitshuffle block: ADCore's in compat, the faster in strict."""
    return BLOCK_BYTES if settings.mode is Mode.COMPAT else FAST_BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the frames of one file are stored; fixed by the settings and the first frame.

    Attributes
    ----------
    codec, options
        None for plain pixels.
    direct
        Chunks are written as bytes, past libhdf5's filter pipeline.
    is_compat
        Filters note in the file what ADCore's do.
    """

    geometry: Geometry
    codec: Codec | None = None
    options: dict[str, int] = field(default_factory=dict[str, int])
    direct: bool = True
    is_compat: bool = False

    def payload(self, frame: Frame, buffer: Bytes | None = None) -> np.ndarray[Any, Any]:
        """What to store of a frame that fits the geometry: chunk bytes, or pixels.

        ``buffer`` may be used for the result.
        """
        if frame.compressed is not None:
            return chunk_of(frame)
        pixels = np.ascontiguousarray(frame.data, frame.dtype.newbyteorder("="))
        if pixels.dtype != self.geometry.dtype:
            # Compat takes any type of the same width, as ADCore does, and keeps its bits.
            pixels = pixels.view(self.geometry.dtype)
        if self.codec is None or not self.direct:
            return pixels
        return self.codec.encode(pixels, buffer, **self.options)

    def file_type(self) -> h5py.h5t.TypeID:
        """HDF5 type of the frame datasets."""
        if self.codec is not None and self.codec.name == "nbit":
            return nbit_type(self.geometry.dtype, **self.options)
        return h5py.h5t.py_create(self.geometry.dtype)

    def set_filter(self, plist: h5py.h5p.PropDCID) -> None:
        """Put the codec's HDF5 filter on a frame dataset, with ADCore's flags and options."""
        if self.codec is None:
            return
        if self.codec.name == "nbit":
            set_nbit(plist)
        elif self.codec.name == "szip":
            set_szip(plist, self.options["pixels_a_block"])
        else:
            options = self.codec.filter_options(
                self.geometry.frame_shape, self.geometry.dtype, **self.options
            )
            if self.keeps_options:
                options = adcore_options(self.geometry.dtype)
            plist.set_filter(self.codec.filter_id, self._filter_flags(), options)

    @property
    def keeps_options(self) -> bool:
        """The dataset must be made within `filter_version.options_as_given`."""
        return self.is_compat and self.codec is not None and self.codec.filter_id == BSLZ4_FILTER

    def _filter_flags(self) -> int:
        """Optional for zlib and mandatory for plugins, as ADCore sets them, but for two cases.

        libhdf5 makes no dataset with a mandatory filter that it lacks, as it mostly lacks JPEG;
        and Blosc's filter fails on a chunk that does not shrink, which then is stored plainly.
        """
        assert self.codec is not None
        if self.codec.name in ("zlib", "jpeg") or not self.direct:
            return h5py.h5z.FLAG_OPTIONAL
        return h5py.h5z.FLAG_MANDATORY


def encoding_of(frame: Frame, geometry: Geometry, settings: WriterSettings) -> Encoding:
    """The encoding of a file that begins with ``frame``.

    Raises
    ------
    SettingsError
        Pre-compressed frames or JPEG with chunks that are not one frame each.
    CodecError
        The codec cannot take such frames, or its library is not there.
    """
    whole = geometry.one_frame_chunks
    compat = settings.mode is Mode.COMPAT
    if frame.compressed is not None:
        _require_whole(whole, f"frames that arrive as {frame.compressed.codec}")
        given = dict(frame.compressed.options)
        return Encoding(geometry, codec_named(frame.compressed.codec), given, is_compat=compat)
    chosen = codec_of(settings)
    if chosen is None:
        return Encoding(geometry, direct=whole)
    name, options = chosen
    if name == "jpeg":
        _require_whole(whole, "JPEG")
    codec = codec_named(name)
    # One trial now: a codec that cannot take these frames must not lose the first of them.
    codec.encode(np.zeros(geometry.frame_shape, geometry.dtype), None, **options)
    return Encoding(geometry, codec, options, whole and name not in _BY_LIBHDF5, compat)


def _require_whole(whole: bool, what: str) -> None:
    if not whole:
        raise SettingsError(
            f"{what} can only be stored with one frame a chunk",
            found="frame_chunks, chunk_rows or chunk_columns that cut frames",
            expected="frame_chunks 1, chunk_rows 0, chunk_columns 0 (rule 11.5)",
            next_step="set ChunkSizeAuto to 1 and NumFramesChunks to 1",
        )


def chunk_of(frame: Frame) -> Bytes:
    """The bytes of a pre-compressed frame behind the header that its HDF5 filter expects."""
    compressed = frame.compressed
    assert compressed is not None
    stored = np.ascontiguousarray(frame.data).reshape(-1).view(np.uint8)
    if compressed.codec == "bslz4":
        header = BSLZ4_HEADER.pack(frame.n_bytes, BLOCK_BYTES)
    elif compressed.codec == "lz4":
        header = LZ4_HEADER.pack(frame.n_bytes, frame.n_bytes) + LZ4_LENGTH.pack(stored.size)
    else:
        return stored
    return np.concatenate((np.frombuffer(header, np.uint8), stored))
