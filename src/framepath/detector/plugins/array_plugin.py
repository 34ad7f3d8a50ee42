"""A processor for plugins that only work on pixels: one step, nothing to lose or close."""

from __future__ import annotations

from typing import Protocol

from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.codec_gate import CodecGate
from framepath.spec.frame import Frame


class Step(Protocol):
    """What such a plugin does."""

    def process(self, frame: Frame) -> Frame | None:
        """Work on a frame that holds pixels; what it returns goes to the plugins behind."""
        ...


class ArrayPlugin:
    """Runs a step on every frame of pixels (implements `plugins.base.Processor`).

    Compressed frames have no pixels and do not pass the `CodecGate`. With ``is_concurrent`` the
    step works on several frames at once.
    """

    def __init__(self, plugin: Plugin, step: Step, is_concurrent: bool = False) -> None:
        self.is_concurrent = is_concurrent
        self._step = step
        self._gate = CodecGate(plugin.port)

    def process(self, frame: Frame) -> Frame | None:
        """Run the step."""
        return self._step.process(frame) if self._gate.lets_pass(frame) else None

    def lost(self, frame: Frame, reason: str) -> None:
        """A frame that was not processed; the counters say so."""

    def close(self) -> None:
        """Nothing is open."""
