"""JPEG1: one JPEG file a frame, 8-bit grey or colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from framepath import codecs
from framepath.detector.drivers.base import Value
from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.frame_axes import letters_of
from framepath.detector.plugins.image_file import ImageFilePlugin
from framepath.detector.port import Port
from framepath.errors import CodecError, FrameRefused
from framepath.spec.frame import Frame


def jpeg_plugin(plugin: Plugin) -> ImageFilePlugin:
    """JPEG1's processor."""
    port = plugin.port
    port.on_put("JPEGQuality", quality)

    def write(path: Path, frame: Frame) -> None:
        path.write_bytes(jpeg_bytes(frame, port))

    return ImageFilePlugin(plugin, write)


def quality(value: Value) -> int:
    """``JPEGQuality`` as it is used: 1 to 100."""
    return min(100, max(1, int(value)))  # type: ignore[arg-type]


def jpeg_bytes(frame: Frame, port: Port) -> bytes:
    """A frame as a JPEG file.

    Raises
    ------
    FrameRefused
        It is neither 8-bit grey nor 8-bit colour.
    """
    letters = letters_of(frame)
    pixels = frame.data.transpose([letters.index(axis) for axis in "YXZ" if axis in letters])
    try:
        stored = codecs.encode("jpeg", np.atleast_2d(pixels), quality=port.integer("JPEGQuality"))
    except CodecError as error:
        raise FrameRefused(
            "this frame does not fit a JPEG file",
            found=f"{frame.dtype} {frame.shape}, {frame.color_mode.name}",
            expected="8 bits a pixel, (y, x) or one of the RGB modes",
            where=f"frame {frame.unique_id}",
            next_step="set the camera's DataType to UInt8, or write it with TIFF1 or HDF1",
        ) from error
    return stored.tobytes()
