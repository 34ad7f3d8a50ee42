"""The HDF5 plugin's parameters as the writer's settings."""

from __future__ import annotations

from framepath.detector.port import Port
from framepath.layout.model import Mode
from framepath.writing.settings import Compression, FileWriteMode, WriterSettings

EXTRA_DIMENSIONS = "NXY3456789"
"""Last letters of ``ExtraDimSizeN`` and so on, slowest last (ADCore NDFileHDF5)."""

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
        extra_dimensions=extra_dimensions(port),
        position_attributes=_position_attributes(port),
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
        flush_every_frames=port.integer("NumFramesFlush"),
        temp_suffix=temp_suffix,
        unlimited=is_strict,
        ledger=is_strict,
    )


def extra_dimensions(port: Port) -> tuple[int, ...]:
    """Sizes in use, slowest last; () for none."""
    return tuple(max(1, port.integer(f"ExtraDimSize{letter}")) for letter in _letters(port))


def _position_attributes(port: Port) -> tuple[str, ...]:
    if not port["PositionMode"]:
        return ()
    return tuple(port.text(f"PosNameDim{letter}") for letter in _letters(port))


def _letters(port: Port) -> str:
    n_extra = port.integer("NumExtraDims")
    return EXTRA_DIMENSIONS[: n_extra + 1] if n_extra else ""
