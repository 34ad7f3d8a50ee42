"""Settings of a routed file; each is one PV of the HDF5 plugin, named beside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from framepath.layout.model import Mode


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
    extra_dimensions
        Sizes ``(ExtraDimSizeN, X, Y, 3, ..., 9)`` in use; n + 1 sizes for ``NumExtraDims`` = n,
        () for none (rule 11.4).
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
    extra_dimensions: tuple[int, ...] = ()
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
    unlimited: bool = True
    ledger: bool = True
