"""The last values of several signals, one point a frame or a mean over some frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Doubles = np.ndarray[Any, np.dtype[np.float64]]


class TimeSeries:
    """Points of ``n_signals`` signals.

    Parameters
    ----------
    n_signals
        Values a frame.
    n_points
        Points to keep.
    circular
        Go on when full, over the oldest points; else further frames are left out.
    n_average
        Frames that make one point, their mean.
    """

    def __init__(self, n_signals: int, n_points: int, circular: bool, n_average: int = 1) -> None:
        self._points = np.zeros((max(1, n_points), n_signals))
        self._circular = circular
        self._n_average = max(1, n_average)
        self._sum = np.zeros(n_signals)
        self._n_summed = 0
        self._n_added = 0

    @property
    def storage(self) -> Doubles:
        """Where the points are kept, (n_points, n_signals)."""
        return self._points

    @property
    def n_current(self) -> int:
        """Points there are, at most ``n_points``."""
        return min(self._n_added, len(self._points))

    @property
    def is_complete(self) -> bool:
        """No further frame is taken."""
        return not self._circular and self._n_added == len(self._points)

    def add(self, values: Sequence[float]) -> None:
        """Take the values of one frame."""
        if self.is_complete:
            return
        self._sum += values
        self._n_summed += 1
        if self._n_summed == self._n_average:
            self._points[self._n_added % len(self._points)] = self._sum / self._n_average
            self._n_added += 1
            self._sum[:] = 0.0
            self._n_summed = 0

    def values(self) -> Doubles:
        """Points (n_signals, n_current), oldest first."""
        oldest = self._n_added % len(self._points) if self._n_added > len(self._points) else 0
        return np.roll(self._points[: self.n_current], -oldest, axis=0).T
