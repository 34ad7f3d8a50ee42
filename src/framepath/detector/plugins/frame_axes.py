"""The axes of a frame by their letters: X, Y, and Z for colour or the slowest of a stack."""

from __future__ import annotations

from framepath.detector.port import Port
from framepath.spec.frame import ColorMode, Frame
from framepath.spec.ndattribute import NDAttribute, NDAttrSourceType, NDAttrType

_COLOR_ORDERS = {ColorMode.RGB1: "YXZ", ColorMode.RGB2: "YZX", ColorMode.RGB3: "ZYX"}


def letters_of(frame: Frame) -> str:
    """Letters of the frame's axes, slowest first: "YX" for mono, "YXZ" for RGB1.

    Axes beyond three have no letter in areaDetector; they come first, as "?".
    """
    n_axes = len(frame.shape)
    if n_axes == 3 and frame.color_mode in _COLOR_ORDERS:
        return _COLOR_ORDERS[frame.color_mode]
    return "ZYX"[-n_axes:].rjust(n_axes, "?") if n_axes else ""


def show_output_size(port: Port, frame: Frame) -> None:
    """Publish ``ArraySizeX``, ``Y`` and ``Z`` of what a plugin sends on, where they changed."""
    sizes = dict(zip(letters_of(frame), frame.shape, strict=True))
    for letter in "XYZ":
        size = sizes.get(letter, 0)
        if port[f"ArraySize{letter}"] != size:
            port.publish(f"ArraySize{letter}", size)


def color_mode_attribute(mode: ColorMode) -> NDAttribute:
    """The attribute by which readers know the order of a colour frame's axes."""
    return NDAttribute(
        "ColorMode", NDAttrType.INT32, int(mode), "Color mode", "Driver", NDAttrSourceType.DRIVER
    )
