"""The HDF5 plugin's parameters as the writer's settings."""

from __future__ import annotations

from framepath.detector.port import Port
from framepath.layout.model import Mode
from framepath.writing.geometry import Geometry
from framepath.writing.settings import Compression, FileWriteMode, WriterSettings

EXTRA_DIMENSIONS = "NXY3456789"
"""Last letters of ``ExtraDimSizeN`` and so on, slowest last (ADCore NDFileHDF5)."""

FURTHER_AXES = range(2, 10)
"""Axes of a frame with a ``ChunkSizeN`` of their own; 0 are columns and 1 rows."""

CHUNK_SIZES = ("NumColChunks", "NumRowChunks", *(f"ChunkSize{n}" for n in FURTHER_AXES))
"""Chunk along each axis of a frame, the fastest first."""

JPEG_STATE = 7
"""Index of JPEG in ``Compression``; the parameter's value there is 8."""


def mode_of(port: Port) -> Mode:
    """``FramepathMode``."""
    return Mode.STRICT if port["FramepathMode"] else Mode.COMPAT


def settings_of(port: Port, write_mode: FileWriteMode, temp_suffix: str = "") -> WriterSettings:
    """What the parameters say now."""
    mode = mode_of(port)
    is_strict = mode is Mode.STRICT
    whole = bool(port["ChunkSizeAuto"])
    state = port.integer("Compression")
    return WriterSettings(
        mode=mode,
        write_mode=write_mode,
        num_capture=port.integer("NumCapture"),
        frame_chunks=max(1, port.integer("NumFramesChunks")),
        chunk_rows=0 if whole else port.integer("NumRowChunks"),
        chunk_columns=0 if whole else port.integer("NumColChunks"),
        chunk_further=() if whole else _further_chunks(port),
        extra_dimensions=extra_dimensions(port),
        frames_a_place=port.integer("ExtraDimSizeN"),
        extra_chunks=_extra_chunks(port),
        position_attributes=_position_attributes(port, "PosNameDim"),
        index_attributes=_position_attributes(port, "PosIndexDim"),
        fill_value=port.number("FillValue"),
        boundary_align=port.integer("BoundaryAlign"),
        boundary_threshold=port.integer("BoundaryThreshold"),
        ndattribute_chunk=port.integer("NDAttributeChunk"),
        store_attributes=bool(port["StoreAttr"]),
        store_performance=bool(port["StorePerform"]),
        dim_attribute_datasets=bool(port["DimAttDatasets"]),
        compression=Compression.JPEG if state == JPEG_STATE else Compression(state),
        zlib_level=port.integer("ZLevel"),
        szip_pixels=port.integer("SZipNumPixels"),
        nbit_precision=port.integer("NumDataBits"),
        nbit_offset=port.integer("DataBitsOffset"),
        jpeg_quality=port.integer("JPEGQuality"),
        blosc_compressor=port.integer("BloscCompressor"),
        blosc_shuffle=port.integer("BloscShuffle"),
        blosc_level=port.integer("BloscLevel"),
        compress_workers=1 if is_strict and state else 0,
        swmr=bool(port["SWMRMode"]),
        flush_every_frames=flush_every_frames(port),
        temp_suffix=temp_suffix,
        unlimited=is_strict,
        ledger=is_strict,
    )


def flush_every_frames(port: Port) -> int:
    """``NumFramesFlush``; in compat for SWMR readers only, and not within a chunk."""
    wanted = port.integer("NumFramesFlush")
    if mode_of(port) is Mode.STRICT:
        return wanted
    if not port["SWMRMode"]:
        return 0
    return max(1, wanted, port.integer("NumFramesChunks"))


def show_chunk(port: Port, geometry: Geometry) -> None:
    """Chunk sizes as they are in effect become the settings, as in ADCore at each open.

    So 0 means the whole frame for the next file only; ``ChunkSizeAuto`` keeps it so (NDFileHDF5.cpp
    configureDims, ADCore pull request 404).
    """
    n_lead = len(geometry.lead_sizes)
    for name, size in zip(CHUNK_SIZES, reversed(geometry.chunk[n_lead:]), strict=False):
        port.publish(name, size)
    if n_lead:
        port.publish("NumFramesChunks", geometry.chunk[n_lead - 1])
    if port["SWMRMode"]:
        port.publish("NumFramesFlush", flush_every_frames(port))


def extra_dimensions(port: Port) -> tuple[int, ...]:
    """Sizes in use, slowest last; () for none."""
    return tuple(max(1, port.integer(f"ExtraDimSize{letter}")) for letter in _letters(port))


def _position_attributes(port: Port, beginning: str) -> tuple[str, ...]:
    if not port["PositionMode"]:
        return ()
    return tuple(port.text(f"{beginning}{letter}") for letter in _letters(port))


def _further_chunks(port: Port) -> tuple[int, ...]:
    return tuple(port.integer(f"ChunkSize{n}") for n in FURTHER_AXES)


def _extra_chunks(port: Port) -> tuple[int, ...]:
    """Without that of N, which is ``NumFramesChunks``."""
    return tuple(port.integer(f"ExtraDimChunk{letter}") for letter in _letters(port)[1:])


def _letters(port: Port) -> str:
    n_extra = port.integer("NumExtraDims")
    return EXTRA_DIMENSIONS[: n_extra + 1] if n_extra else ""
