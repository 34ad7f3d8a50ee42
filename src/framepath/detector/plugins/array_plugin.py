"""A processor for plugins that only work on pixels: one step, nothing to lose or close."""

from __future__ import annotations

import logging
from typing import Protocol

from framepath.detector.plugins.base import Plugin
from framepath.spec.frame import Frame

log = logging.getLogger(__name__)


class Step(Protocol):
    """What such a plugin does."""

    def process(self, frame: Frame) -> Frame | None:
        """Work on a frame that holds pixels; what it returns goes to the plugins behind."""
        ...


class ArrayPlugin:
    """Runs a step on every frame of pixels (implements `plugins.base.Processor`).

    Compressed frames have no pixels: they are counted in ``DroppedArrays``, as areaDetector's
    plugins do that are not compression aware.
    """

    def __init__(self, plugin: Plugin, step: Step) -> None:
        self._port = plugin.port
        self._step = step
        self._told = False

    def process(self, frame: Frame) -> Frame | None:
        """Run the step."""
        if frame.compressed is None:
            return self._step.process(frame)
        self._port.publish("DroppedArrays", self._port.integer("DroppedArrays") + 1)
        if not self._told:
            self._told = True
            log.warning(
                "compressed frames are not processed; decompress them with Codec1 first",
                extra={"prefix": self._port.prefix, "codec": frame.compressed.codec},
            )
        return None

    def lost(self, frame: Frame, reason: str) -> None:
        """A frame that was not processed; the counters say so."""

    def close(self) -> None:
        """Nothing is open."""
