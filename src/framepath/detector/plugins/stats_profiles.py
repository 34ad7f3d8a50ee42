"""Profiles of an image along x and y, and the histogram of an array."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Pixels = np.ndarray[Any, np.dtype[Any]]
Doubles = np.ndarray[Any, np.dtype[np.float64]]

MOST_VALUES = 2**16
"""Spread of integers up to which a histogram first counts each value by itself."""

BLOCK = 2**16
"""Pixels counted at a time: copies of a whole frame cost more than to count it."""


class Profiles(NamedTuple):
    """Along x (one value a column) and along y (one a row), float64."""

    x: Doubles
    y: Doubles


class Histogram(NamedTuple):
    """Counts of ``size`` equal bins from ``low`` to ``high``, and of what lies outside.

    ``edges`` are the least values of the bins; ``entropy`` is -sum(n log n) / pixels over bins
    that hold anything, ADCore's figure of merit.
    """

    counts: Doubles
    edges: Doubles
    below: int
    above: int
    entropy: float


def average(image: Pixels) -> Profiles:
    """Mean row and mean column of an image (y, x)."""
    return Profiles(image.mean(axis=0, dtype=np.float64), image.mean(axis=1, dtype=np.float64))


def through(image: Pixels, x: float, y: float) -> Profiles:
    """The row nearest to ``y`` and the column nearest to ``x``, of those that the image has."""
    column, row = _nearest(x, image.shape[1]), _nearest(y, image.shape[0])
    return Profiles(image[row].astype(np.float64), image[:, column].astype(np.float64))


def pixel_at(image: Pixels, x: int, y: int) -> float:
    """The pixel nearest to a position."""
    return float(image[_nearest(y, image.shape[0]), _nearest(x, image.shape[1])])


def _nearest(position: float, size: int) -> int:
    return min(max(int(position + 0.5), 0), size - 1)


def histogram(pixels: Pixels, size: int, low: float, high: float) -> Histogram:
    """Histogram of an array of any shape and dtype; without bins unless ``low`` < ``high``."""
    values, weights = _values(pixels)
    below, over = int(weights[values < low].sum()), int(weights[values > high].sum())
    if not low < high:
        return Histogram(np.zeros(size), np.full(size, low), below, over, 0.0)
    counts, edges = np.histogram(values, bins=size, range=(low, high), weights=weights)
    filled = counts[counts > 0].astype(np.float64)
    entropy = -float((filled * np.log(filled)).sum()) / pixels.size
    return Histogram(counts.astype(np.float64), edges[:-1], below, over, entropy)


def _values(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """Values that occur and how often (int64): to bin these is cheaper than to bin the pixels.

    Where too many can occur, every pixel once.
    """
    flat = pixels.reshape(-1)
    least, greatest = flat.min(), flat.max()
    if pixels.dtype.kind not in "iu" or int(greatest) - int(least) >= MOST_VALUES:
        return flat, np.ones(flat.size, np.int64)
    # Unsigned arithmetic wraps, so that the difference is right for signed pixels too.
    unsigned = flat.view(f"u{flat.itemsize}")
    origin = least.view(unsigned.dtype)
    weights = np.zeros(int(greatest) - int(least) + 1, np.int64)
    for start in range(0, flat.size, BLOCK):
        block = unsigned[start : start + BLOCK] - origin
        weights += np.bincount(block.astype(np.intp), minlength=weights.size)
    occur = np.flatnonzero(weights)
    return (occur.astype(unsigned.dtype) + origin).view(pixels.dtype), weights[occur]
