"""A camera behind a scintillator: radiographs of a turning sample, darks and flats."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from framepath.scenes.beam import hot_pixels, open_beam, readout_offset
from framepath.scenes.index_code import stamp
from framepath.scenes.noise import NormalPool
from framepath.scenes.phantom import path_integral
from framepath.scenes.scene import Pixels
from framepath.spec.frame_type import FrameType

UINT16 = np.dtype(np.uint16)

SAMPLE_UNSEEN = (FrameType.DARK, FrameType.FLAT)
"""Frame types without a sample in the light."""


@dataclass(frozen=True, kw_only=True)
class Absorption:
    """A scientific CMOS camera looking at a parallel beam.

    The counts expected of a pixel are ``offset + dark current * t + hot`` and, with the shutter
    open, ``+ light * transmission * t``. A dark (frame type DARK) has the shutter closed, a flat
    (FLAT) the sample out of the beam, so that ``(image - dark) / (flat - dark)`` recovers the
    transmission. Photons and readout add noise: normal, of variance ``counts / gain + readout^2``,
    which is right for the hundreds of photons a camera sees and not for single ones.

    Attributes
    ----------
    shape_yx
        Rows and columns, pixels; at least 16 x 16.
    light_per_s
        Counts a second in the brightest pixel of the open beam.
    offset, dark_per_s
        Mean counts of an exposure of no length, and what each second without light adds.
    electrons_per_count
        Gain: one count stands for so many electrons.
    readout_noise
        Standard deviation without light, counts.
    n_hot, hot_per_s
        Pixels with a dark current of up to ``hot_per_s`` counts a second.
    seed
        Of maps and noise.
    """

    shape_yx: tuple[int, int] = (514, 1030)
    light_per_s: float = 300_000.0
    offset: float = 100.0
    dark_per_s: float = 30.0
    electrons_per_count: float = 2.0
    readout_noise: float = 2.5
    n_hot: int = 60
    hot_per_s: float = 200_000.0
    seed: int = 1

    def frame(
        self,
        index: int,
        frame_type: FrameType = FrameType.IMAGE,
        exposure_s: float = 0.1,
        theta_deg: float = 0.0,
        dtype: np.dtype[Any] = UINT16,
    ) -> Pixels:
        """Frame ``index``: (y, x) of ``dtype``, counts cut off at the type's maximum.

        Its first pixels hold the index (`framepath.scenes.index_code`). ``theta_deg`` turns the
        sample of an image; a dark or flat does not depend on it.
        """
        turned = 0.0 if frame_type in SAMPLE_UNSEEN else theta_deg % 360.0
        expected, deviation = _light(self, frame_type, exposure_s, turned)
        counts = self._noise.at(index).reshape(self.shape_yx) * deviation
        counts += expected
        if dtype.kind != "f":
            np.clip(counts, 0, _largest(dtype), out=counts)
        pixels = counts.astype(dtype)
        stamp(pixels, index)
        return pixels

    def expected(self, frame_type: FrameType, exposure_s: float, theta_deg: float = 0.0) -> Pixels:
        """Mean counts of each pixel before cut-off, float32 (y, x), without the index."""
        counts = self._readout_offset + np.float32(exposure_s) * self._dark_current
        if frame_type is FrameType.DARK:
            return counts
        light = np.float32(exposure_s * self.light_per_s) * self._open_beam
        if frame_type not in SAMPLE_UNSEEN:
            light *= self.transmission(theta_deg)
        return counts + light

    def transmission(self, theta_deg: float = 0.0) -> Pixels:
        """Part of the light that passes the sample, float32 (y, x), 1 beside it."""
        return np.exp(-path_integral(self.shape_yx, theta_deg))

    @cached_property
    def _noise(self) -> NormalPool:
        return NormalPool(self.shape_yx[0] * self.shape_yx[1], self.seed + 1)

    @cached_property
    def _open_beam(self) -> Pixels:
        return open_beam(self.shape_yx, np.random.default_rng([self.seed, 0]))

    @cached_property
    def _readout_offset(self) -> Pixels:
        # Half a count, because the counts are cut and not rounded.
        return readout_offset(self.shape_yx, self.offset, np.random.default_rng([self.seed, 1])) + (
            np.float32(0.5)
        )

    @cached_property
    def _dark_current(self) -> Pixels:
        """Counts a second without light; hot pixels are scattered and unequal."""
        rng = np.random.default_rng([self.seed, 2])
        current = self.dark_per_s * rng.gamma(4.0, 0.25, self.shape_yx)
        hot = hot_pixels(self.shape_yx, self.n_hot, rng)
        current.reshape(-1)[hot] = self.hot_per_s * 10 ** rng.uniform(-2, 0, hot.size)
        return current.astype(np.float32)


def _largest(dtype: np.dtype[Any]) -> float:
    """Largest float32 that does not pass the integer type's maximum."""
    largest = np.float32(np.iinfo(dtype).max)
    if int(largest) > np.iinfo(dtype).max:
        largest = np.nextafter(largest, np.float32(0))
    return float(largest)


@lru_cache(maxsize=6)
def _light(
    scene: Absorption, frame_type: FrameType, exposure_s: float, theta_deg: float
) -> tuple[Pixels, Pixels]:
    """Expected counts and their standard deviation, float32 (y, x) each."""
    expected = scene.expected(frame_type, exposure_s, theta_deg)
    photons = np.maximum(expected - scene.offset, 0) / np.float32(scene.electrons_per_count)
    return expected, np.sqrt(photons + np.float32(scene.readout_noise**2))
