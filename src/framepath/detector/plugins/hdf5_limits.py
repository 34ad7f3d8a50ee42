"""What HDF5 settings may be put, and when: limits, what is fixed while a file is open, and how
``NumCapture`` and the extra dimensions depend on each other (layout rule 11.4).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from framepath.detector.drivers.base import PutHandler, Value
from framepath.detector.plugins.hdf5_settings import EXTRA_DIMENSIONS, FURTHER_AXES
from framepath.detector.port import Port, PutRefused

INT32_MAX = 2**31 - 1

LIMITS = {
    "NumRowChunks": (0, INT32_MAX),
    "NumColChunks": (0, INT32_MAX),
    "NumFramesChunks": (0, INT32_MAX),
    "ChunkSizeAuto": (0, 1),
    **{f"ChunkSize{n}": (0, INT32_MAX) for n in FURTHER_AXES},
    **{f"ExtraDimChunk{letter}": (0, INT32_MAX) for letter in EXTRA_DIMENSIONS[1:]},
    "NDAttributeChunk": (0, INT32_MAX),
    "StoreAttr": (0, 1),
    "StorePerform": (0, 1),
    "Compression": (0, 7),
    "NumDataBits": (0, 64),
    "DataBitsOffset": (0, 64),
    "SZipNumPixels": (0, 32),
    "ZLevel": (0, 9),
    "JPEGQuality": (1, 100),
    "BloscCompressor": (0, 5),
    "BloscLevel": (0, 9),
    "BloscShuffle": (0, 2),
    "BoundaryAlign": (0, INT32_MAX),
    "BoundaryThreshold": (0, INT32_MAX),
    "NumExtraDims": (0, 9),
    **{f"ExtraDimSize{letter}": (1, INT32_MAX) for letter in EXTRA_DIMENSIONS},
}
"""Least and greatest value of settings that are fixed while a file is open; others are refused."""


def handle_limits(port: Port, is_open: Callable[[], bool]) -> None:
    """Refuse puts of values that no file can have, and of any while a file is open."""
    for name, (least, most) in LIMITS.items():
        port.on_put(name, _held(port, is_open, name, least, most))
    port.on_put("NumCapture", lambda value: _num_capture(port, int(value)))  # type: ignore[arg-type]
    port.on_put("PositionMode", lambda value: _position_mode(port, int(value)))  # type: ignore[arg-type]


def _held(port: Port, is_open: Callable[[], bool], name: str, least: int, most: int) -> PutHandler:
    def handler(value: Value) -> None:
        if is_open():
            raise PutRefused(
                "this setting is fixed while a file is open",
                found=value,
                where=port.pv(name),
                next_step="put 0 to Capture first",
            )
        if not least <= int(value) <= most:  # type: ignore[arg-type]
            raise PutRefused(
                "no file can have this setting",
                found=value,
                expected=f"{least} to {most}",
                where=port.pv(name),
            )
        if name.startswith("ExtraDimSize") or (name == "NumExtraDims" and value):
            port.publish(name, value)
            port.publish("NumCapture", _n_places(port))

    return handler


def _n_places(port: Port) -> int:
    """Frames for which there are places; without extra dimensions those of N alone."""
    letters = EXTRA_DIMENSIONS[: port.integer("NumExtraDims") + 1]
    return math.prod(port.integer(f"ExtraDimSize{letter}") for letter in letters)


def _position_mode(port: Port, value: int) -> None:
    """Without it frames without end have no extra dimensions."""
    if not value and not port["NumCapture"]:
        port.publish("NumExtraDims", 0)


def _num_capture(port: Port, value: int) -> Value:
    """0 is without end, so without extra dimensions unless frames name their places; more frames
    than places do not fit.
    """
    if value < 0:
        raise PutRefused(
            "a file cannot hold fewer than no frames",
            found=value,
            expected="0 for no limit, or the number of frames",
            where=port.pv("NumCapture"),
        )
    if value == 0 and not port["PositionMode"]:
        port.publish("NumExtraDims", 0)
    return min(value, _n_places(port)) if port["NumExtraDims"] else value
