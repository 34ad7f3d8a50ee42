"""TIFF1: one uncompressed TIFF file a frame, with its NDAttributes as tags.

Tag numbers and texts are those of ADCore's NDFileTIFF, so that its readers find them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.image_file import ImageFilePlugin
from framepath.errors import FileUnreadable, FrameRefused
from framepath.spec.frame import ColorMode, Frame
from framepath.spec.ndattribute import NDAttribute, NDAttrType

TIME_STAMP_TAG = 65000
UNIQUE_ID_TAG = 65001
EPICS_SECONDS_TAG = 65002
EPICS_NANOSECONDS_TAG = 65003
FIRST_ATTRIBUTE_TAG = 65010
LAST_ATTRIBUTE_TAG = 65499
MAKE_TAG = 271
MODEL_TAG = 272

SOFTWARE = "EPICS areaDetector"

Tag = tuple[int, str, int, Any, bool]
"""Number, type, count, value, whether it stands on the first page only."""


def tiff_plugin(plugin: Plugin) -> ImageFilePlugin:
    """TIFF1's processor."""
    return ImageFilePlugin(plugin, write_tiff, read_tiff)


def write_tiff(path: Path, frame: Frame) -> None:
    """Write a frame of pixels, (y, x) or colour, of any type.

    Raises
    ------
    FrameRefused
        A stack of frames, which ADCore's plugin does not write either.
    OSError
        The file system refused.
    """
    description = _text(frame, "TIFFImageDescription", "")
    tifffile.imwrite(
        path,
        software=SOFTWARE,
        description=description or None,
        metadata=None,
        extratags=list(tags(frame)),
        **_pixels(frame),
    )


def _pixels(frame: Frame) -> dict[str, Any]:
    """Pixels and how they lie in the file; RGB2 has no form in TIFF and is stored as RGB3."""
    pixels, mode = frame.data, frame.color_mode
    if pixels.ndim <= 2:
        return {"data": np.atleast_2d(pixels), "photometric": "minisblack"}
    if pixels.ndim == 3 and mode is ColorMode.RGB1 and pixels.shape[2] == 3:
        return {"data": pixels, "photometric": "rgb", "planarconfig": "contig"}
    if pixels.ndim == 3 and mode is ColorMode.RGB2 and pixels.shape[1] == 3:
        pixels, mode = np.ascontiguousarray(pixels.transpose(1, 0, 2)), ColorMode.RGB3
    if pixels.ndim == 3 and mode is ColorMode.RGB3 and pixels.shape[0] == 3:
        return {"data": pixels, "photometric": "rgb", "planarconfig": "separate"}
    raise FrameRefused(
        "this frame does not fit a TIFF file",
        found=f"shape {frame.shape}, {frame.color_mode.name}",
        expected="(y, x), or one of the RGB modes",
        where=f"frame {frame.unique_id}",
        next_step="write it with HDF1",
    )


def read_tiff(path: Path) -> Frame:
    """The frame of a file, ours or another's: (y, x), RGB1 or RGB3, with the identity in its tags.

    Raises
    ------
    FileUnreadable
        No TIFF file, or one of several pages that are no colour planes.
    OSError
        The file system refused.
    """
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            n_pages = len(file.pages)
            pixels = np.ascontiguousarray(page.asarray())
            known = {tag.code: tag.value for tag in page.tags.values()}
    except (tifffile.TiffFileError, ValueError, KeyError) as error:
        raise FileUnreadable("this is no TIFF file", found=str(error), where=path) from error
    if n_pages != 1 or pixels.ndim > 3 or (pixels.ndim == 3 and 3 not in pixels.shape):
        raise FileUnreadable(
            "this TIFF file holds no single frame",
            found=f"{n_pages} pages of shape {pixels.shape}",
            expected="one page, (y, x) or colour",
            where=path,
        )
    return Frame(
        pixels.astype(pixels.dtype.newbyteorder("="), copy=False),
        unique_id=int(known.get(UNIQUE_ID_TAG, 0)),
        timestamp=float(known.get(TIME_STAMP_TAG, 0.0)),
        epics_ts=(int(known.get(EPICS_SECONDS_TAG, 0)), int(known.get(EPICS_NANOSECONDS_TAG, 0))),
        color_mode=_color_mode(pixels.shape),
    )


def _color_mode(shape: tuple[int, ...]) -> ColorMode:
    if len(shape) < 3:
        return ColorMode.MONO
    return ColorMode.RGB1 if shape[2] == 3 else ColorMode.RGB3


def tags(frame: Frame) -> Iterator[Tag]:
    """The frame's identity, its camera, and each attribute as ``name:value``."""
    seconds, nanoseconds = frame.epics_ts
    yield TIME_STAMP_TAG, "d", 1, frame.timestamp, True
    yield UNIQUE_ID_TAG, "I", 1, frame.unique_id, True
    yield EPICS_SECONDS_TAG, "I", 1, seconds, True
    yield EPICS_NANOSECONDS_TAG, "I", 1, nanoseconds, True
    yield MAKE_TAG, "s", 0, _text(frame, "Manufacturer", "Unknown").encode(), True
    yield MODEL_TAG, "s", 0, _text(frame, "Model", "Unknown").encode(), True
    defined = (a for a in frame.attributes.values() if a.type is not NDAttrType.UNDEFINED)
    numbers = range(FIRST_ATTRIBUTE_TAG, LAST_ATTRIBUTE_TAG + 1)
    for number, attribute in zip(numbers, defined, strict=False):
        yield number, "s", 0, attribute_text(attribute).encode(), True


def attribute_text(attribute: NDAttribute) -> str:
    """An attribute as its tag holds it: integers as they are, floats with six decimals."""
    value = attribute.value
    if attribute.type in (NDAttrType.FLOAT32, NDAttrType.FLOAT64) and value is not None:
        return f"{attribute.name}:{float(value):f}"
    return f"{attribute.name}:{value}"


def _text(frame: Frame, name: str, otherwise: str) -> str:
    attribute = frame.attributes.get(name)
    return otherwise if attribute is None else str(attribute.value)
