"""Trans1: rotations by quarter turns and mirror images."""

from __future__ import annotations

from dataclasses import replace

from framepath.detector.plugins.array_plugin import ArrayPlugin
from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.frame_axes import letters_of, show_output_size
from framepath.detector.plugins.transform_pixels import (
    Transform,
    transformed,
    transformed_dimensions,
)
from framepath.detector.port import Port
from framepath.spec.frame import Frame


class TransformStep:
    """Turns the image of every frame; frames of fewer than two axes pass as they are."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def process(self, frame: Frame) -> Frame:
        """The frame, turned as ``Type`` says."""
        transform = Transform(self._port.integer("Type"))
        letters = letters_of(frame)
        if transform is not Transform.NONE and "Y" in letters:
            y, x = letters.index("Y"), letters.index("X")
            frame = replace(
                frame,
                data=transformed(frame.data, transform, y, x),
                dimensions=transformed_dimensions(frame.ndarray_dimensions(), transform, y, x),
            )
        show_output_size(self._port, frame)
        return frame


def transform_plugin(plugin: Plugin) -> ArrayPlugin:
    """Trans1's processor."""
    return ArrayPlugin(plugin, TransformStep(plugin.port), is_concurrent=True)
