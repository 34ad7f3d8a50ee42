"""The pattern Sine of areaDetector's simulation detector: two waves along each axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepath.scenes.pattern import Pattern, c_cast
from framepath.scenes.scene import Pixels


@dataclass(frozen=True, slots=True)
class Wave:
    """One sine wave: ``amplitude``, ``frequency`` in periods a frame, ``phase`` in degrees."""

    amplitude: float = 1.0
    frequency: float = 1.0
    phase_deg: float = 0.0


COSINE_TWICE = Wave(frequency=2.0, phase_deg=90.0)
"""The second wave of each axis as the simulation detector starts with it."""


@dataclass(frozen=True, kw_only=True)
class Sine(Pattern):
    """Waves along x and y; those of a fractional frequency move on from frame to frame.

    Attributes
    ----------
    x_waves, y_waves
        ``XSine1`` and ``XSine2``, ``YSine1`` and ``YSine2``.
    multiply_x, multiply_y
        ``XSineOperation``, ``YSineOperation``: multiply the two waves instead of adding them.
        Colour frames ignore it: red is the first wave along x, green the first along y, blue half
        the sum of the two second ones.
    """

    x_waves: tuple[Wave, Wave] = (Wave(), COSINE_TWICE)
    y_waves: tuple[Wave, Wave] = (Wave(), COSINE_TWICE)
    multiply_x: bool = False
    multiply_y: bool = False

    def _draw(self, index: int) -> Pixels:
        x1, x2 = self._along(self.shape_yx[1], self.gain_x, self.x_waves, index)
        y1, y2 = self._along(self.shape_yx[0], self.gain_y, self.y_waves, index)
        if self.gain_rgb is None:
            along_x = x1 * x2 if self.multiply_x else x1 + x2
            along_y = y1 * y2 if self.multiply_y else y1 + y2
            return c_cast(self.gain * np.add.outer(along_y, along_x), self.dtype)
        pixels = np.empty(self.frame_shape, self.dtype)
        colours = (
            np.broadcast_to(x1, self.shape_yx),
            np.broadcast_to(y1[:, np.newaxis], self.shape_yx),
            np.add.outer(y2, x2) / 2,
        )
        for channel, (gain, wave) in enumerate(zip(self.gain_rgb, colours, strict=True)):
            pixels[..., channel] = c_cast(self.gain * gain * wave, self.dtype)
        return pixels

    @staticmethod
    def _along(
        size: int, gain: float, waves: tuple[Wave, Wave], index: int
    ) -> tuple[Pixels, Pixels]:
        """Both waves of an axis; the count of pixels goes on where the frame before ended."""
        periods = (index * size + np.arange(size)) * gain / size
        first, second = (
            wave.amplitude * np.sin((periods * wave.frequency + wave.phase_deg / 360.0) * 2 * np.pi)
            for wave in waves
        )
        return first, second
