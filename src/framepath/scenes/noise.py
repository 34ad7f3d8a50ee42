"""Noise that costs little a frame: drawn once into a pool, read from another place each time."""

from __future__ import annotations

from typing import Any

import numpy as np

from framepath.scenes.scene import Pixels

SPARE = 1 << 20
"""Draws of a pool beyond one frame, and so the number of places a frame's noise may start."""


SHIFTS = 1024
"""Consecutive frames of photon counts before their noise comes again (their index does not)."""

FINEST = 0.06
"""Distance of levels in the square root of the expected counts, in standard deviations * 2."""

_STEP = 2654435769
"""Odd, and about the golden section of 2**32: consecutive frames read far from each other."""


def place(seed: int, index: int, n_places: int) -> int:
    """Where frame ``index`` starts to read: 0 to ``n_places`` - 1.

    Where ``n_places`` is a power of two, that many consecutive frames all start elsewhere.
    """
    return (index * _STEP + seed) % n_places


class NormalPool:
    """Standard normal noise for frames of ``n_pixels``.

    Two frames read the same draws shifted against each other, so that each pixel's values over
    many frames are independent draws, and so are the pixels of one frame; only the pattern of one
    frame turns up in another, moved along the rows.
    """

    def __init__(self, n_pixels: int, seed: int) -> None:
        self._n_pixels = n_pixels
        self._seed = seed
        rng = np.random.default_rng(seed)
        self._draws = rng.standard_normal(n_pixels + SPARE, dtype=np.float32)

    def at(self, index: int) -> Pixels:
        """Noise of frame ``index``: float32 (n_pixels,), a view that must not be changed."""
        start = place(self._seed, index, SPARE)
        return self._draws[start : start + self._n_pixels]


class PoissonPool:
    """Poisson counts for a map of expected counts.

    Pixels of nearly equal expectation share a level; each level has as many draws as pixels, and
    `SHIFTS` more. A frame reads all of them from a common shift on, so that every count is one
    exact draw of its level, the pixels of a frame are independent, and so are a pixel's values
    over `SHIFTS` consecutive frames. Levels lie so close that the steps stay well inside the
    counting noise (at most `FINEST` in the square root below about 900 expected counts, at most
    a 500th of its range above).

    Parameters
    ----------
    wanted
        Expected counts, float (y, x); NaN marks pixels that always read ``fixed``.
    dtype, largest
        Pixel type, and the count at which it stops.
    fixed
        Value of the NaN pixels.
    seed
        Of the draws.
    """

    def __init__(
        self, wanted: Pixels, dtype: np.dtype[Any], largest: int, fixed: int, seed: int
    ) -> None:
        self._shape_yx = wanted.shape
        self._seed = seed
        root = np.sqrt(wanted.reshape(-1))
        step = max(FINEST, float(np.nanpercentile(root, 99.9)) / 500)
        steps = np.where(np.isnan(root), -1.0, np.rint(root / step)).astype(np.int64)
        levels, level, n_pixels = np.unique(steps, return_inverse=True, return_counts=True)
        expected = np.where(levels < 0, 0.0, (levels * step) ** 2)
        drawn = n_pixels + SHIFTS
        start = np.cumsum(drawn) - drawn
        order = np.argsort(level, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(order.size) - np.repeat(np.cumsum(n_pixels) - n_pixels, n_pixels)
        self._where = start[level] + rank
        counts = np.random.default_rng(seed).poisson(np.repeat(expected, drawn))
        np.minimum(counts, largest, out=counts)
        counts[np.repeat(levels < 0, drawn)] = fixed
        self._draws = counts.astype(dtype)
        self._starts = start
        self._expected = np.where(levels < 0, np.nan, expected)

    @property
    def expected(self) -> Pixels:
        """Expected counts of each pixel's level, float64 (y, x); NaN where the value is fixed."""
        level = np.searchsorted(self._starts, self._where, side="right") - 1
        return self._expected[level].reshape(self._shape_yx)

    def at(self, index: int) -> Pixels:
        """Counts of frame ``index``: a new array (y, x)."""
        shift = place(self._seed, index, SHIFTS)
        return self._draws[shift:].take(self._where, mode="wrap").reshape(self._shape_yx)
