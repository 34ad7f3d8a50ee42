"""What a port shows of the frame that passes through it."""

from __future__ import annotations

import numpy as np

from framepath.detector.port import Port
from framepath.spec.frame import ColorMode, DataType, Frame


def show_frame(port: Port, frame: Frame, is_source: bool = False) -> None:
    """Publish a frame's size, type, identity and time on the port it came through."""
    show_identity(port, frame)
    show_shape(port, frame, is_source)


def show_identity(port: Port, frame: Frame) -> None:
    """Publish which frame it is."""
    for name, value in (
        ("UniqueId", frame.unique_id),
        ("TimeStamp", frame.timestamp),
        ("EpicsTSSec", frame.epics_ts[0]),
        ("EpicsTSNsec", frame.epics_ts[1]),
    ):
        port.publish(name, value)


def show_shape(port: Port, frame: Frame, is_source: bool = False) -> None:
    """Publish a frame's size and type, most only where they differ from the frame before.

    On the port that makes frames ``DataType`` and ``ColorMode`` are settings, and stay.
    """
    port.publish("CompressedSize", min(frame.data.nbytes, 2**31 - 1))
    shape = frame.shape
    sizes = [dimension.size for dimension in frame.ndarray_dimensions()]
    data_type = int(DataType.of(frame.dtype))
    codec = frame.compressed.codec if frame.compressed else ""
    described = (tuple(sizes), data_type, int(frame.color_mode), codec)
    if port.shown == described:
        return
    port.shown = described
    port.publish("NDimensions", len(shape))
    port.publish("Dimensions", np.array(sizes + [0] * (10 - len(sizes)), np.int32))
    axes = _axis_sizes(frame, sizes)
    for letter in "XYZ":
        port.publish(f"ArraySize{letter}", axes.get(letter, 0))
    port.publish("ArraySize", min(frame.n_bytes, 2**31 - 1))
    port.publish("Codec", codec)
    if not is_source:
        port.publish("DataType", data_type)
        port.publish("ColorMode", int(frame.color_mode))


def _axis_sizes(frame: Frame, sizes: list[int]) -> dict[str, int]:
    order = {ColorMode.RGB1: "ZXY", ColorMode.RGB2: "XZY", ColorMode.RGB3: "XYZ"}
    letters = order.get(frame.color_mode, "XYZ") if len(sizes) == 3 else "XYZ"
    return dict(zip(letters, sizes, strict=False))
