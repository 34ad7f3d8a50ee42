"""Settings of a routed file; each is one PV of the HDF5 plugin, named beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

from framepath.errors import SettingsError
from framepath.layout.model import Mode

_INT32_MAX = 2**31 - 1
_CHUNK_BYTES_MAX = 2**32 - 1
_STRICT_ATTRIBUTE_CHUNK = 1024
_UNLIMITED_ATTRIBUTE_CHUNK = 16384
_UNLIMITED_PLACE_CHUNK = 32
_MOST_EXTRA_SIZES = 10


class FileWriteMode(IntEnum):
    """``FileWriteMode``: one frame a file, a buffer written on demand, or as frames arrive."""

    SINGLE = 0
    CAPTURE = 1
    STREAM = 2


class Compression(IntEnum):
    """``Compression``, numbered as ADCore's parameter numbers it; `ZSTD` is ours alone.

    The EPICS enum of the record has eight states (None, N-bit, szip, zlib, Blosc, BSLZ4, LZ4,
    JPEG) whose last one, JPEG, carries the value 7 in the record and 8 here (rule 11.5).
    """

    NONE = 0
    NBIT = 1
    SZIP = 2
    ZLIB = 3
    BLOSC = 4
    BSLZ4 = 5
    LZ4 = 6
    LZ4HDF5 = 7
    JPEG = 8
    ZSTD = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterSettings:
    """How `RoutedWriter` lays out and stores a file.

    Attributes
    ----------
    mode
        ``compat``: what ADCore does. ``strict``: refuse what would lose or misplace a frame.
    write_mode
        ``FileWriteMode``.
    num_capture
        ``NumCapture``: frames the file is for; 0 means until closed.
    frame_chunks
        ``NumFramesChunks``: frames a chunk.
    chunk_rows, chunk_columns
        ``NumRowChunks``, ``NumColChunks``: pixels a chunk; 0 means the whole frame (ChunkSizeAuto).
    chunk_further
        ``ChunkSize2`` to ``ChunkSize9``: chunk along further axes of a frame, the fastest first (a
        colour frame's slowest axis is number 2); 0 and missing ones mean the whole axis.
    extra_dimensions
        Sizes ``(ExtraDimSizeN, X, Y, 3, ..., 9)`` in use; n + 1 sizes for ``NumExtraDims`` = n,
        () for none (rule 11.4). The file then holds their product of frames.
    frames_a_place
        ``ExtraDimSizeN``, without extra dimensions too; see `place_chunk`.
    extra_chunks
        ``ExtraDimChunkX``, ``Y``, ``3`` to ``9``: places a chunk along each extra dimension but N,
        whose chunk is ``frame_chunks``; 0 and missing ones mean 1.
    position_attributes
        ``PosNameDimN, X, Y, 3, ... 9`` where ``PositionMode`` is on: names of the NDAttributes
        that hold a frame's index along each extra dimension; () when off.
    index_attributes
        ``PosIndexDimN, X, Y, 3, ... 9``: NDAttributes whose dataset has one row an index of that
        dimension instead of one a place; only with positions and ``dim_attribute_datasets``.
    fill_value
        ``FillValue`` of pixels never written.
    boundary_align, boundary_threshold
        ``BoundaryAlign`` and ``BoundaryThreshold``, bytes; 0 for none.
    ndattribute_chunk
        ``NDAttributeChunk``: rows a chunk; 0 chooses by rule 6n.3 (compat) or 1024 (strict).
    store_attributes, store_performance
        ``StoreAttr`` and ``StorePerform``.
    dim_attribute_datasets
        ``DimAttDatasets``: attribute rows only for frames of the default dataset.
    compression
        ``Compression``; the next fields are its parameters.
    zlib_level, szip_pixels, nbit_precision, nbit_offset, jpeg_quality
        ``ZLevel``, ``SZipNumPixels``, ``NumDataBits``, ``DataBitsOffset``, ``JPEGQuality``.
    blosc_compressor, blosc_shuffle, blosc_level
        ``BloscCompressor`` (0 BloscLZ, 1 LZ4, 2 LZ4HC, 3 Snappy, 4 ZLIB, 5 ZSTD),
        ``BloscShuffle`` (0 none, 1 byte, 2 bit), ``BloscLevel``.
    zstd_level
        Level of our own zstd.
    compress_workers
        Threads that compress ahead of the file; 0 compresses in the caller.
    swmr
        ``SWMRMode``: readers may follow the file while it grows.
    flush_every_frames
        ``NumFramesFlush`` under SWMR; 0 leaves it to ``flush_every_s``.
    flush_every_s
        Seconds between flushes under SWMR where frames do not decide; 0 flushes at close only.
    temp_suffix
        ``TempSuffix``: appended to the name until the file is closed.
    overwrite
        Truncate an existing file of the same name; compat always does, as ADCore.
    unlimited
        True gives frame datasets no upper limit; ADCore limits them to ``num_capture``.
    ledger
        Keep one ledger row a frame in the file (`framepath.spec.addresses.LEDGER_ADDRESS`).
        Ignored in compat mode, whose files hold what ADCore would write and nothing else.
    """

    mode: Mode = Mode.STRICT
    write_mode: FileWriteMode = FileWriteMode.STREAM
    num_capture: int = 0
    frame_chunks: int = 1
    chunk_rows: int = 0
    chunk_columns: int = 0
    chunk_further: tuple[int, ...] = ()
    extra_dimensions: tuple[int, ...] = ()
    frames_a_place: int = 1
    extra_chunks: tuple[int, ...] = ()
    position_attributes: tuple[str, ...] = ()
    index_attributes: tuple[str, ...] = ()
    fill_value: float = 0.0
    boundary_align: int = 0
    boundary_threshold: int = 65536
    ndattribute_chunk: int = 0
    store_attributes: bool = True
    store_performance: bool = True
    dim_attribute_datasets: bool = False
    compression: Compression = Compression.NONE
    zlib_level: int = 6
    szip_pixels: int = 16
    nbit_precision: int = 8
    nbit_offset: int = 0
    jpeg_quality: int = 90
    blosc_compressor: int = 0
    blosc_shuffle: int = 0
    blosc_level: int = 5
    zstd_level: int = 3
    compress_workers: int = 0
    swmr: bool = False
    flush_every_frames: int = 0
    flush_every_s: float = 1.0
    temp_suffix: str = ""
    overwrite: bool = False
    unlimited: bool = True
    ledger: bool = True

    @property
    def keeps_existing(self) -> bool:
        """An existing file of the same name is refused, not truncated."""
        return self.mode is Mode.STRICT and not self.overwrite

    @property
    def keeps_ledger(self) -> bool:
        """The file has a ledger."""
        return self.ledger and self.mode is Mode.STRICT

    @property
    def n_frames_limit(self) -> int:
        """Frames the file is for, 0 for no limit (rule 11.4)."""
        if self.write_mode is FileWriteMode.SINGLE:
            return 1
        product = math.prod(self.extra_dimensions) if self.extra_dimensions else 0
        if self.mode is Mode.COMPAT and self.position_attributes and not self.num_capture:
            return 0  # frames may come to the same places again and again
        return min(product, self.num_capture or product) if product else self.num_capture

    def index_axis(self, attribute: str) -> int | None:
        """Leading axis of the frame dataset whose index this NDAttribute's rows follow, if any."""
        if not self.position_attributes or not self.dim_attribute_datasets:
            return None
        names = self.index_attributes[: len(self.extra_dimensions)]
        if not attribute or attribute not in names:
            return None
        return len(self.extra_dimensions) - 1 - names.index(attribute)

    def attribute_chunk_rows(self) -> int:
        """Rows a chunk of NDAttribute datasets and the performance table (rule 6n.3)."""
        if self.ndattribute_chunk > 0:
            return self.ndattribute_chunk
        if self.write_mode is FileWriteMode.SINGLE:
            return 1
        if self.mode is Mode.STRICT:
            return min(_STRICT_ATTRIBUTE_CHUNK, self.n_frames_limit or _STRICT_ATTRIBUTE_CHUNK)
        return self.n_frames_limit or _UNLIMITED_ATTRIBUTE_CHUNK

    def place_chunk(self, lead_sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Chunk along the leading axes of NDAttribute datasets with ``DimAttDatasets``.

        Compat: ``NDAttributeChunk`` along each, else ADCore's sizes of the extra dimensions, of
        which it gives N's to the slowest axis (NDFileHDF5.cpp, calculateAttributeChunking).
        """
        if self.mode is Mode.STRICT:
            n_last = lead_sizes[-1] if self.n_frames_limit else self.attribute_chunk_rows()
            return (1,) * (len(lead_sizes) - 1) + (min(self.attribute_chunk_rows(), n_last),)
        if self.ndattribute_chunk > 0:
            return (self.ndattribute_chunk,) * len(lead_sizes)
        if not self.n_frames_limit:
            return (_UNLIMITED_PLACE_CHUNK,) * len(lead_sizes)
        return (self.extra_dimensions or (self.frames_a_place,))[: len(lead_sizes)]

    def check(self) -> None:
        """Raise SettingsError for values that no file can be written with."""
        for name, found, lowest, highest in (
            ("num_capture", self.num_capture, 0, _INT32_MAX),
            ("frame_chunks", self.frame_chunks, 0, _INT32_MAX),
            ("ndattribute_chunk", self.ndattribute_chunk, 0, _INT32_MAX),
            ("attribute chunk bytes", self.attribute_chunk_rows() * 256, 256, _CHUNK_BYTES_MAX),
            ("number of extra_dimensions", len(self.extra_dimensions), 0, _MOST_EXTRA_SIZES),
            ("least of extra_dimensions", min(self.extra_dimensions, default=1), 1, _INT32_MAX),
            ("boundary_align", self.boundary_align, 0, _INT32_MAX),
            ("boundary_threshold", self.boundary_threshold, 0, _INT32_MAX),
            ("compress_workers", self.compress_workers, 0, 64),
            ("zlib_level", self.zlib_level, 0, 9),
            ("blosc_compressor", self.blosc_compressor, 0, 5),
            ("blosc_shuffle", self.blosc_shuffle, 0, 2),
            ("blosc_level", self.blosc_level, 0, 9),
            ("zstd_level", self.zstd_level, 1, 22),
            ("jpeg_quality", self.jpeg_quality, 1, 100),
            ("szip_pixels", self.szip_pixels, 2, 32),
        ):
            if not lowest <= found <= highest:
                raise SettingsError(
                    "a setting of the HDF5 writer is out of range",
                    found=f"{name} = {found}",
                    expected=f"{lowest} to {highest}",
                    next_step=_NEXT_STEPS.get(name),
                )
        capturing = self.write_mode is FileWriteMode.CAPTURE
        if capturing and self.mode is Mode.STRICT and not self.n_frames_limit:
            raise SettingsError(
                "Capture mode holds frames in memory and needs a limit",
                found="num_capture = 0",
                expected="the number of frames to hold",
                next_step="set num_capture, or use Stream mode",
            )
        if len(self.position_attributes) > len(self.extra_dimensions):
            raise SettingsError(
                "position mode has more attributes than extra dimensions",
                found=f"{self.position_attributes}",
                expected=f"{len(self.extra_dimensions)} names",
                next_step="set NumExtraDims and the sizes of the extra dimensions",
            )


_NEXT_STEPS = {
    "num_capture": "use 0 to write until the file is closed",
    "attribute chunk bytes": "set ndattribute_chunk (NDAttributeChunk), for example to 1024",
}
