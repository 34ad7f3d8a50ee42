"""A photon counter behind a powder: rings of Poisson counts, gaps at the type's maximum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from framepath.scenes.beam import hot_pixels
from framepath.scenes.index_code import stamp
from framepath.scenes.noise import PoissonPool
from framepath.scenes.powder import KEV_ANGSTROM, Geometry, powder_light
from framepath.scenes.scene import Pixels
from framepath.scenes.sensor import MaskBit, pixel_mask
from framepath.spec.frame_type import FrameType

UINT16 = np.dtype(np.uint16)


@dataclass(frozen=True, kw_only=True)
class Diffraction:
    """A pixel detector that counts photons, without readout noise or dark current.

    Every count is a Poisson draw (`framepath.scenes.noise.PoissonPool`). The largest value of an
    unsigned type is the sentinel of pixels that say nothing (gaps, masked pixels), so that valid
    counts end one below it, or at ``count_cutoff``.

    Attributes
    ----------
    shape_yx
        Rows and columns, pixels.
    photons_per_s
        Counts a second on the strongest ring.
    geometry
        Distance, wavelength and beam centre; None places the sensor 0.1 m from the sample at
        20 keV, the beam a little off its middle.
    count_cutoff
        Greatest count of a frame (count-rate correction), None for the type's.
    mask_applied
        True: masked pixels read the sentinel. False: gaps and dead pixels read 0, noisy ones
        noise.
    n_hot
        Pixels that count far too much and are not in the mask.
    n_dead, n_noisy
        Pixels that the mask names.
    seed
        Of sample, sensor and counts.
    """

    shape_yx: tuple[int, int] = (514, 1030)
    photons_per_s: float = 4_000.0
    geometry: Geometry | None = None
    count_cutoff: int | None = None
    mask_applied: bool = True
    n_hot: int = 12
    n_dead: int = 20
    n_noisy: int = 8
    seed: int = 2

    def frame(
        self,
        index: int,
        frame_type: FrameType = FrameType.IMAGE,
        exposure_s: float = 0.1,
        dtype: np.dtype[Any] = UINT16,
    ) -> Pixels:
        """Frame ``index``: (y, x) of ``dtype``, counts.

        Its first pixels hold the index (`framepath.scenes.index_code`). A DARK has the shutter
        closed, a FLAT even light (fluorescence) without rings or beam stop.
        """
        pixels = _pool(self, frame_type, exposure_s, dtype).at(index)
        stamp(pixels, index)
        return pixels

    def expected(
        self, frame_type: FrameType, exposure_s: float, dtype: np.dtype[Any] = UINT16
    ) -> Pixels:
        """Expected counts before cut-off, float64 (y, x), without the index; NaN where masked."""
        return _pool(self, frame_type, exposure_s, dtype).expected

    @cached_property
    def pixel_mask(self) -> Pixels:
        """The detector's pixel mask, uint32 (y, x): `framepath.scenes.sensor.MaskBit`."""
        rng = np.random.default_rng([self.seed, 1])
        return pixel_mask(self.shape_yx, self.n_dead, self.n_noisy, rng)

    @cached_property
    def placed(self) -> Geometry:
        """`geometry`, or the one that stands for None."""
        centre = (0.55 * self.shape_yx[0], 0.43 * self.shape_yx[1])
        return self.geometry or Geometry(0.1, KEV_ANGSTROM / 20.0, centre)

    def rate(self, frame_type: FrameType) -> Pixels:
        """Counts a second expected of each pixel, float64 (y, x), before any mask."""
        if frame_type is FrameType.DARK:
            rate = np.full(self.shape_yx, 1e-3)  # cosmic rays
        elif frame_type is FrameType.FLAT:
            rng = np.random.default_rng([self.seed, 2])
            rate = 0.5 * self.photons_per_s * rng.normal(1, 0.02, self.shape_yx).clip(0)
        else:
            rate = self._rings * self.photons_per_s
        places = hot_pixels(self.shape_yx, self.n_hot, np.random.default_rng([self.seed, 3]))
        rate.reshape(-1)[places] = 10 ** np.linspace(3.0, 6.0, places.size)
        return rate

    @cached_property
    def _rings(self) -> Pixels:
        rng = np.random.default_rng([self.seed, 0])
        return powder_light(self.shape_yx, self.placed, rng)


def sentinel(dtype: np.dtype[Any]) -> int:
    """What a pixel reads that says nothing: the type's maximum (255, 65535, 4294967295).

    For floating point types -1, which no count is.
    """
    return -1 if dtype.kind == "f" else int(np.iinfo(dtype).max)


@lru_cache(maxsize=3)
def _pool(
    scene: Diffraction, frame_type: FrameType, exposure_s: float, dtype: np.dtype[Any]
) -> PoissonPool:
    """Draws for one exposure time, kept because a series repeats it."""
    wanted = scene.rate(frame_type) * exposure_s
    mask = scene.pixel_mask
    silent = (mask & (MaskBit.GAP | MaskBit.DEAD)) != 0
    noisy = (mask & MaskBit.NOISY) != 0
    wanted[noisy] = wanted[noisy] * 3 + 50 * exposure_s
    wanted[silent | noisy if scene.mask_applied else silent] = np.nan
    largest = 2**31 - 1 if dtype.kind == "f" else int(np.iinfo(dtype).max) - 1
    if scene.count_cutoff is not None:
        largest = min(largest, scene.count_cutoff)
    fixed = sentinel(dtype) if scene.mask_applied else 0
    return PoissonPool(wanted, dtype, largest, fixed, scene.seed)
