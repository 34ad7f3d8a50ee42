"""What the calibration patterns share: gains, data type, colour, offset and noise.

The rules are those of areaDetector's simulation detector (ADSimDetector R2-11), seen in files
that it wrote: a pattern is computed in floating point, cut to the data type as C does (towards
zero, wrapping around), and a background of offset plus noise is added in the data type.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from framepath.scenes.noise import place
from framepath.scenes.scene import Pixels
from framepath.spec.frame_type import FrameType

UINT8 = np.dtype(np.uint8)


def c_cast(values: Pixels | float, dtype: np.dtype[Any]) -> Pixels:
    """``values`` in ``dtype`` as a C cast has it on x86-64: towards zero, integers wrapping."""
    if dtype.kind == "f":
        return np.asarray(values).astype(dtype)
    with np.errstate(invalid="ignore"):  # beyond int64 C leaves the result open, as do we
        return np.trunc(values).astype(np.int64).astype(dtype)


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Settings that every pattern has; a subclass draws frame ``n`` without its background.

    Attributes
    ----------
    shape_yx
        Rows and columns, pixels.
    dtype
        One of areaDetector's ten pixel types.
    gain, gain_x, gain_y
        ``Gain``, ``GainX``, ``GainY``; their meaning is the pattern's.
    gain_rgb
        ``GainRed``, ``GainGreen``, ``GainBlue`` for frames (y, x, 3); None for mono (y, x).
    offset, noise
        ``Offset``, ``Noise``: added to every pixel are ``offset`` and an even random number from
        0 to ``noise``, drawn once and read from another place for each frame.
    seed
        Of every random number.
    """

    shape_yx: tuple[int, int]
    dtype: np.dtype[Any] = UINT8
    gain: float = 1.0
    gain_x: float = 1.0
    gain_y: float = 1.0
    gain_rgb: tuple[float, float, float] | None = None
    offset: float = 0.0
    noise: float = 0.0
    seed: int = 0

    def frame(
        self, index: int, frame_type: FrameType = FrameType.IMAGE, exposure_s: float = 0.1
    ) -> Pixels:
        """Frame ``index`` since the image was reset, (y, x) or (y, x, 3), of ``dtype``.

        Neither frame type nor exposure changes a pattern.
        """
        pixels = self._draw(index)
        if self._background is not None:
            start = place(self.seed, index, pixels.size)
            pixels += self._background[start : start + pixels.size].reshape(pixels.shape)
        return pixels

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """(y, x), or (y, x, 3) for colour."""
        return self.shape_yx if self.gain_rgb is None else (*self.shape_yx, 3)

    def _draw(self, index: int) -> Pixels:
        raise NotImplementedError

    @cached_property
    def _background(self) -> Pixels | None:
        """Twice the pixels of a frame, so that each frame is one slice; None where there is none.

        A noise without offset, or the reverse, is enough to have one.
        """
        offset = c_cast(self.offset, self.dtype)
        if self.noise == 0 and offset == 0:
            return None
        n_pixels = int(np.prod(self.frame_shape))
        if self.noise == 0:
            return np.full(2 * n_pixels, offset, self.dtype)
        draws = np.random.default_rng(self.seed).random(n_pixels)
        once = c_cast(self.noise * draws + float(offset), self.dtype)
        return np.concatenate([once, once])
