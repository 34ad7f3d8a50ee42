"""The pattern Peaks of areaDetector's simulation detector: an array of Gaussians."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from framepath.scenes.pattern import Pattern, c_cast
from framepath.scenes.scene import Pixels

REACH = 4
"""A peak is drawn this many widths to either side of its centre."""


@dataclass(frozen=True, kw_only=True)
class Peaks(Pattern):
    """Gaussian peaks of height ``gain * gain_x * gain_y`` on a grid.

    Attributes
    ----------
    start_xy, step_xy
        ``PeakStartX/Y``, ``PeakStepX/Y``: centre of the first peak and distance, pixels.
    width_xy
        ``PeakWidthX/Y``: standard deviation, pixels.
    number_xy
        ``PeakNumX/Y``: peaks along x and y.
    variation
        ``PeakVariation``: each peak of each frame is higher by 1 to ``variation`` per cent; 0 for
        equal peaks.
    """

    start_xy: tuple[int, int] = (1, 1)
    step_xy: tuple[int, int] = (1, 1)
    width_xy: tuple[int, int] = (10, 20)
    number_xy: tuple[int, int] = (1, 1)
    variation: int = 0

    def _draw(self, index: int) -> Pixels:
        if not self.variation:
            return self._equal_peaks.copy()
        n_peaks = self.number_xy[0] * self.number_xy[1]
        rng = np.random.default_rng([self.seed, index])
        return self._add_up(1.0 + rng.integers(1, self.variation + 1, n_peaks) / 100.0)

    @cached_property
    def _equal_peaks(self) -> Pixels:
        return self._add_up(np.ones(self.number_xy[0] * self.number_xy[1]))

    def _add_up(self, heights: Pixels) -> Pixels:
        """All peaks, each cut to the type before it is added; ``heights`` (peak,), rows first."""
        mono = self.gain_rgb is None
        pixels = np.zeros((*self.shape_yx, 1 if mono else 3), self.dtype)
        colours = (1.0,) if self.gain_rgb is None else self.gain_rgb
        for number, height in enumerate(heights):
            row, column = divmod(number, self.number_xy[0])
            rows, along_y = self._profile(1, row, self.gain_y)
            columns, along_x = self._profile(0, column, self.gain_x)
            peak = self.gain * height * np.multiply.outer(along_y, along_x)
            for channel, colour in enumerate(colours):
                pixels[rows, columns, channel] += c_cast(colour * peak, self.dtype)
        return pixels[..., 0] if mono else pixels

    def _profile(self, axis: int, number: int, gain: float) -> tuple[slice, Pixels]:
        """Pixels that peak ``number`` reaches along x (axis 0) or y (1), and its height there."""
        size = self.shape_yx[1 - axis]
        centre = self.start_xy[axis] + number * self.step_xy[axis]
        width = self.width_xy[axis]
        reached = slice(max(centre - REACH * width, 0), max(min(centre + REACH * width, size), 0))
        distance = np.arange(reached.start, max(reached.stop, reached.start)) - centre
        if width == 0:
            return reached, np.zeros(distance.size)
        return reached, gain * np.exp(-0.5 * (distance / width) ** 2)
