"""image1: the last frame as a Channel Access array."""

from __future__ import annotations

from framepath.detector.plugins.base import Plugin
from framepath.spec.frame import Frame


class StdArrays:
    """Puts pixels into ``ArrayData``; MinCallbackTime limits how often."""

    def __init__(self, plugin: Plugin) -> None:
        self._port = plugin.port

    def process(self, frame: Frame) -> Frame | None:
        """Show the pixels, flattened, first axis fastest."""
        if frame.compressed is None:
            self._port.publish("ArrayData", frame.data.reshape(-1))
        return frame

    def lost(self, frame: Frame, reason: str) -> None:
        """A picture that nobody saw; the counters say so."""

    def close(self) -> None:
        """Nothing is open."""
