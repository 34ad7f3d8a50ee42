"""ROI1: a region of every frame, for the plugins behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from framepath.detector.drivers.base import Value
from framepath.detector.geometry import Axis
from framepath.detector.plugins.array_plugin import ArrayPlugin
from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.frame_axes import (
    color_mode_attribute,
    letters_of,
    show_output_size,
)
from framepath.detector.plugins.pixel_types import output_type
from framepath.detector.plugins.roi_region import dimension_within, region_of, whole
from framepath.detector.port import Port
from framepath.spec.frame import ColorMode, Frame

LETTERS = "XYZ"


class RoiStep:
    """Cuts the region out of every frame.

    ``MinX``, ``SizeX`` and the like read back what was in effect for the last frame; what clients
    asked for is kept, so that a region comes back with the next frame that is large enough.
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        self._asked = {
            f"{name}{letter}": port.integer(f"{name}{letter}")
            for name in ("Min", "Size", "Bin")
            for letter in LETTERS
        }
        for name in self._asked:
            port.on_put(name, self._keeper(name))

    def _keeper(self, name: str) -> Callable[[Value], None]:
        def keep(value: Value) -> None:
            self._asked[name] = int(value)  # type: ignore[arg-type]

        return keep

    def process(self, frame: Frame) -> Frame:
        """The region of the frame."""
        port = self._port
        letters = letters_of(frame)
        axes = [self._axis(a, n) for a, n in zip(letters, frame.shape, strict=True)]
        self._show(
            dict(zip(letters, axes, strict=True)), dict(zip(letters, frame.shape, strict=True))
        )
        divisor = port.number("Scale") if port["EnableScale"] else 1.0
        dtype = output_type(port.integer("DataTypeOut"), frame.dtype)
        outer = reversed(frame.ndarray_dimensions())
        inner = [dimension_within(o, axis) for o, axis in zip(outer, axes, strict=True)]
        region = replace(
            frame,
            data=region_of(frame.data, axes, dtype, divisor),
            dimensions=tuple(reversed(inner)),
        )
        region = _as_mono(region, letters)
        if port["CollapseDims"]:
            region = _without_axes(region, [i for i, n in enumerate(region.shape) if n == 1])
        show_output_size(port, region)
        return region

    def _axis(self, letter: str, size: int) -> Axis:
        if letter not in LETTERS or not self._port[f"Enable{letter}"]:
            return whole(size)
        asked = self._asked
        return Axis.clamped(
            asked[f"Min{letter}"],
            size if self._port[f"AutoSize{letter}"] else asked[f"Size{letter}"],
            asked[f"Bin{letter}"],
            bool(self._port[f"Reverse{letter}"]),
            size,
        )

    def _show(self, axes: dict[str, Axis], sizes: dict[str, int]) -> None:
        port = self._port
        for letter in LETTERS:
            shown = {f"MaxSize{letter}": sizes.get(letter, 0)}
            if letter in axes and port[f"Enable{letter}"]:
                axis = axes[letter]
                shown |= {
                    f"Min{letter}": axis.offset,
                    f"Size{letter}": axis.size,
                    f"Bin{letter}": axis.binning,
                }
            for name, value in shown.items():
                if port[name] != value:
                    port.publish(name, value)


def _as_mono(frame: Frame, letters: str) -> Frame:
    """A colour frame of which one colour is left, as the mono frame that it is."""
    is_color = frame.color_mode in (ColorMode.RGB1, ColorMode.RGB2, ColorMode.RGB3)
    if not is_color or "Z" not in letters or frame.shape[letters.index("Z")] != 1:
        return frame
    attribute = color_mode_attribute(ColorMode.MONO)
    mono = replace(
        frame,
        color_mode=ColorMode.MONO,
        attributes={**frame.attributes, attribute.name: attribute},
    )
    return _without_axes(mono, [letters.index("Z")])


def _without_axes(frame: Frame, axes: list[int]) -> Frame:
    """The frame without axes of one pixel; one axis always stays."""
    axes = axes[: len(frame.shape) - 1]
    if not axes:
        return frame
    kept = [d for i, d in enumerate(reversed(frame.ndarray_dimensions())) if i not in axes]
    return replace(frame, data=frame.data.squeeze(tuple(axes)), dimensions=tuple(reversed(kept)))


def roi_plugin(plugin: Plugin) -> ArrayPlugin:
    """ROI1's processor."""
    return ArrayPlugin(plugin, RoiStep(plugin.port), is_concurrent=True)
