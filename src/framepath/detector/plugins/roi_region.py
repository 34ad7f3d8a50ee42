"""A region of interest of an array of any number of axes: cut, bin, reverse, scale, convert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from framepath.detector.geometry import Axis, wide
from framepath.detector.plugins.pixel_types import converted
from framepath.spec.frame import Dimension

Pixels = np.ndarray[Any, np.dtype[Any]]


def whole(size: int) -> Axis:
    """All of an axis of ``size`` pixels."""
    return Axis(0, size, 1, False)


def region_of(
    pixels: Pixels, axes: Sequence[Axis], dtype: np.dtype[Any], divisor: float = 1.0
) -> Pixels:
    """Pixels of a region.

    Parameters
    ----------
    pixels
        Any shape and dtype; not changed.
    axes
        One an axis, slowest first; bins are sums, an incomplete last bin is left out.
    dtype
        Of the result; sums are divided before they are converted, and saturate.
    divisor
        What every pixel of the region is divided by.
    """
    block = _binned(pixels[tuple(_span(axis) for axis in axes)], axes)
    reversed_axes = tuple(index for index, axis in enumerate(axes) if axis.reverse)
    if reversed_axes:
        block = np.flip(block, reversed_axes)
    if divisor not in (0.0, 1.0):
        block = block / divisor
    return np.ascontiguousarray(converted(block, dtype))


def _span(axis: Axis) -> slice:
    return slice(axis.offset, axis.offset + axis.n_pixels * axis.binning)


def _binned(block: Pixels, axes: Sequence[Axis]) -> Pixels:
    if all(axis.binning == 1 for axis in axes):
        return block
    split = [n for axis in axes for n in (axis.n_pixels, axis.binning)]
    bins = tuple(range(1, 2 * len(axes), 2))
    return block.reshape(split).sum(axis=bins, dtype=wide(block.dtype))


def dimension_within(outer: Dimension, axis: Axis) -> Dimension:
    """Where a region's axis lies on the sensor, given where the whole frame's axis lies."""
    used = axis.n_pixels * axis.binning
    start = outer.size - axis.offset - used if outer.reverse else axis.offset
    return Dimension(
        size=axis.n_pixels,
        offset=outer.offset + start * outer.binning,
        binning=outer.binning * axis.binning,
        reverse=outer.reverse != axis.reverse,
    )
