"""The time series below Stats1 (``TS:``), fed by the statistics of every frame."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import numpy as np

from framepath.detector.drivers.base import Value
from framepath.detector.plugins.stats_series import TimeSeries
from framepath.detector.port import Port

SIGNALS = (
    "MinValue", "MinX", "MinY", "MaxValue", "MaxX", "MaxY", "MeanValue", "Sigma", "Total", "Net",
    "CentroidTotal", "CentroidX", "CentroidY", "SigmaX", "SigmaY", "SigmaXY", "SkewX", "SkewY",
    "KurtosisX", "KurtosisY", "Eccentricity", "Orientation", "Timestamp",
)  # fmt: skip
"""Readbacks of the statistics, and the frame's time; ``TS`` before each names its array."""

CIRCULAR = 1


class StatsTimeSeries:
    """Handles the puts of ``TS:`` and shows its arrays."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._lock = threading.RLock()
        self._series = self._new_series()
        self._began = 0.0
        port.publish("TS:TSRead", 0)
        port.on_put("TS:TSAcquire", self._on_acquire)
        port.on_put("TS:TSRead", self._on_read)
        port.on_put("TS:TSNumPoints", lambda value: max(1, int(value)))  # type: ignore[arg-type]
        port.on_put("TS:TSTimePerPoint", lambda value: self._on_time(per_point=value))
        port.on_put("TS:TSAveragingTime", lambda value: self._on_time(averaging=value))

    # -- puts

    def _on_acquire(self, value: Value) -> None:
        with self._lock:
            if value:
                self._series = self._new_series()
                self._began = time.monotonic()
                self._port.begin("TS:TSAcquire")
                self._port.publish("TS:TSAcquiring", 1)
                self._port.publish("TS:TSCurrentPoint", 0)
            else:
                self._stop()

    def _on_read(self, value: Value) -> Value:
        with self._lock:
            if value:
                self._show()
        return 0

    def _on_time(self, per_point: Value | None = None, averaging: Value | None = None) -> Value:
        """Frames that make a point; the averaging time becomes a multiple of a frame's time."""
        port = self._port
        one = float(per_point if per_point is not None else port["TS:TSTimePerPoint"])  # type: ignore[arg-type]
        all_ = float(averaging if averaging is not None else port["TS:TSAveragingTime"])  # type: ignore[arg-type]
        n_average = max(1, round(all_ / one)) if one > 0 else 1
        port.publish("TS:TSNumAverage", n_average)
        port.publish("TS:TSAveragingTime", n_average * one)
        return one if per_point is not None else n_average * one

    def _new_series(self) -> TimeSeries:
        port = self._port
        return TimeSeries(
            len(SIGNALS),
            port.integer("TS:TSNumPoints"),
            port["TS:TSAcquireMode"] == CIRCULAR,
            port.integer("TS:TSNumAverage"),
        )

    # -- frames

    def add(self, statistics: Mapping[str, float]) -> None:
        """Take the statistics of one frame; signals that were not computed count as 0."""
        port = self._port
        if not port["TS:EnableCallbacks"]:
            return
        port.publish("TS:ArrayCounter", port.integer("TS:ArrayCounter") + 1)
        with self._lock:
            if not port["TS:TSAcquiring"]:
                return
            self._series.add([statistics.get(name, 0.0) for name in SIGNALS])
            port.publish("TS:TSCurrentPoint", self._series.n_current)
            port.publish("TS:TSElapsedTime", time.monotonic() - self._began)
            if self._series.is_complete:
                self._stop()

    def _stop(self) -> None:
        port = self._port
        if port["TS:TSAcquiring"]:
            port.publish("TS:TSAcquiring", 0)
            self._show()
        port.set_setpoint("TS:TSAcquire", 0)
        port.end("TS:TSAcquire")

    def _show(self) -> None:
        values = self._series.values()
        for name, signal in zip(SIGNALS, values, strict=True):
            self._port.publish(f"TS{name}", signal)
        self._port.publish("TS:TSTimestamp", values[SIGNALS.index("Timestamp")])
        self._port.publish("TS:TSTimeAxis", self._time_axis(values.shape[1]))

    def _time_axis(self, n_points: int) -> np.ndarray:
        """Seconds of each point: from the start, or back from the last in a circular buffer."""
        axis = np.arange(n_points) * self._port.number("TS:TSAveragingTime")
        is_circular = self._port["TS:TSAcquireMode"] == CIRCULAR and n_points
        return axis - axis[-1] if is_circular else axis
