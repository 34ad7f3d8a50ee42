"""The patterns LinearRamp and Offset&Noise of areaDetector's simulation detector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from framepath.scenes.pattern import Pattern, c_cast
from framepath.scenes.scene import Pixels


@dataclass(frozen=True, kw_only=True)
class LinearRamp(Pattern):
    """A slope that every frame lifts by ``gain``.

    Frame 0 is ``gain * (gain_x * x + gain_y * y)`` and pixel [0, 0] of frame n is ``n * gain``,
    wrapping around at the data type's end, whatever the exposure time.
    """

    def _draw(self, index: int) -> Pixels:
        return self._first + c_cast_multiple(self._step, index)

    @cached_property
    def _step(self) -> Pixels:
        """What a frame adds: () for mono, (3,) for colour; each gain is cut to the type first."""
        mono = c_cast(self.gain, self.dtype)
        if self.gain_rgb is None:
            return mono
        return c_cast(np.array(self.gain_rgb), self.dtype) * mono

    @cached_property
    def _first(self) -> Pixels:
        y, x = np.ogrid[: self.shape_yx[0], : self.shape_yx[1]]
        slope = self.gain_x * x + self.gain_y * y
        if self.gain_rgb is not None:
            slope = slope[..., np.newaxis]
        return c_cast(slope * self._step.astype(np.float64), self.dtype)


def c_cast_multiple(step: Pixels, n: int) -> Pixels:
    """``n * step`` in the type of ``step``, integers wrapping around."""
    if step.dtype.kind == "f":
        return step * step.dtype.type(n)
    mask = 256**step.dtype.itemsize - 1
    wrapped = [(int(value) * n) & mask for value in step.reshape(-1)]
    return np.array(wrapped, np.uint64).astype(step.dtype).reshape(step.shape)


@dataclass(frozen=True, kw_only=True)
class OffsetNoise(Pattern):
    """Nothing but the background: ``offset`` plus noise (SimMode Offset&Noise), the cheapest."""

    def _draw(self, index: int) -> Pixels:
        return np.zeros(self.frame_shape, self.dtype)
