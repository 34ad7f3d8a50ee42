"""The recursive filter over successive frames (ADCore ``NDPluginProcess``)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

Doubles = np.ndarray[Any, np.dtype[np.float64]]


class FilterType(IntEnum):
    """States of ``FilterType``."""

    RECURSIVE_AVE = 0
    AVERAGE = 1
    SUM = 2
    DIFFERENCE = 3
    RECURSIVE_AVE_DIFF = 4
    COPY_TO_FILTER = 5


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Of the output O, the filter F and its reset, for input I and the N-th frame since a reset::

    O = o_offset + o_scale * ((oc1 + oc2/N) * F + (oc3 + oc4/N) * I)
    F = f_offset + f_scale * ((fc1 + fc2/N) * F + (fc3 + fc4/N) * I)
    F = r_offset + rc1 * F + rc2 * I                                     at a reset
    """

    oc: tuple[float, float, float, float] = (1.0, -1.0, 0.0, 1.0)
    fc: tuple[float, float, float, float] = (1.0, -1.0, 0.0, 1.0)
    rc: tuple[float, float] = (0.0, 1.0)
    o_offset: float = 0.0
    o_scale: float = 1.0
    f_offset: float = 0.0
    f_scale: float = 1.0
    r_offset: float = 0.0


def predefined(filter_type: FilterType, n_filter: int) -> Coefficients:
    """Coefficients of a filter type; offsets and scales are the neutral ones."""
    average = (1.0, -1.0, 0.0, 1.0)
    difference = (-1.0, 0.0, 1.0, 0.0)
    copy = (0.0, 0.0, 1.0, 0.0)
    each = (1.0, 0.0, 1.0 / max(1, n_filter), 0.0)
    total = (1.0, 0.0, 1.0, 0.0)
    return {
        FilterType.RECURSIVE_AVE: Coefficients(average, average, (0.0, 1.0)),
        FilterType.AVERAGE: Coefficients(each, each, (0.0, 0.0)),
        FilterType.SUM: Coefficients(total, total, (0.0, 0.0)),
        FilterType.DIFFERENCE: Coefficients(difference, copy, (0.0, 1.0)),
        FilterType.RECURSIVE_AVE_DIFF: Coefficients(difference, average, (0.0, 1.0)),
        FilterType.COPY_TO_FILTER: Coefficients(copy, copy, (0.0, 1.0)),
    }[filter_type]


class RecursiveFilter:
    """The filter array and how many frames are in it.

    Attributes
    ----------
    n_filtered
        Frames since the last reset, at most ``n_filter``.
    """

    def __init__(self) -> None:
        self.n_filtered = 0
        self._kept: Doubles | None = None

    def apply(
        self, pixels: Doubles, coefficients: Coefficients, n_filter: int, reset: bool = False
    ) -> Doubles:
        """Filter one frame (any shape, float64; not changed).

        A first frame, or one of another shape, resets the filter.
        """
        c = coefficients
        if self._kept is None or self._kept.shape != pixels.shape:
            self._kept, reset = pixels, True
        if reset:
            self._kept = c.r_offset + _mixed(c.rc, self._kept, pixels)
            self.n_filtered = 0
        self.n_filtered = max(1, min(self.n_filtered + 1, n_filter))
        output = c.o_offset + c.o_scale * _mixed(self._weights(c.oc), self._kept, pixels)
        self._kept = c.f_offset + c.f_scale * _mixed(self._weights(c.fc), self._kept, pixels)
        return output

    def _weights(self, four: tuple[float, float, float, float]) -> tuple[float, float]:
        n = self.n_filtered
        return four[0] + four[1] / n, four[2] + four[3] / n


def _mixed(weights: tuple[float, float], kept: Doubles, pixels: Doubles) -> Doubles:
    """Sum of both; a weight of 0 leaves a side out, so that its NaNs do too."""
    mixed = np.zeros_like(pixels)
    for weight, side in zip(weights, (kept, pixels), strict=True):
        if weight:
            mixed += weight * side
    return mixed
