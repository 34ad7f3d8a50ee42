"""The port below Stats1 (``TS:``): time series of the statistics of every frame."""

from __future__ import annotations

import time

import numpy as np

from framepath.detector.drivers.base import Value
from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.stats_series import Doubles, TimeSeries
from framepath.detector.port import Port, PutRefused
from framepath.spec.frame import Frame

SIGNALS = (
    "MinValue", "MinX", "MinY", "MaxValue", "MaxX", "MaxY", "MeanValue", "Sigma", "Total", "Net",
    "CentroidTotal", "CentroidX", "CentroidY", "SigmaX", "SigmaY", "SigmaXY", "SkewX", "SkewY",
    "KurtosisX", "KurtosisY", "Eccentricity", "Orientation", "Timestamp",
)  # fmt: skip
"""Readbacks of the statistics, and the frame's time; ``TS`` before each names its array."""

ADDRESS = 1
"""Where the port of the statistics sends them, as one array a frame in the order of `SIGNALS`."""

CIRCULAR = 1

MOST_POINTS = 1_000_000
"""Of each of the `SIGNALS`: 184 MB."""


class StatsTimeSeries:
    """Processor of the port; the arrays of the statistics are shown by the port above it.

    The whole series goes on to plugins behind, as an array (signals, points), each time it is
    shown.
    """

    def __init__(self, plugin: Plugin, above: Port) -> None:
        self._plugin = plugin
        self._port = port = plugin.port
        self._above = above
        self._lock = plugin.lock
        self._series = self._new_series()
        self._began = 0.0
        port.on_put("TSAcquire", self._on_acquire)
        port.on_put("TSRead", self._on_read)
        port.on_put("TSNumPoints", self._on_points)
        port.on_put("TSTimePerPoint", lambda value: self._on_time(per_point=value))
        port.on_put("TSAveragingTime", lambda value: self._on_time(averaging=value))
        port.on_put("TSTimePerPointLink", self._on_link)

    # -- puts

    def _on_acquire(self, value: Value) -> None:
        with self._lock:
            if value:
                self._series = self._new_series()
                self._began = time.monotonic()
                self._port.begin("TSAcquire")
                self._port.publish("TSAcquiring", 1)
                self._port.publish("TSCurrentPoint", 0)
            else:
                self._stop()

    def _on_read(self, value: Value) -> Value:
        with self._lock:
            if value:
                self._show()
        return 0

    def _on_points(self, value: Value) -> Value:
        if int(value) > MOST_POINTS:  # type: ignore[arg-type]
            raise PutRefused(
                "a series of so many points is not kept",
                found=value,
                expected=f"at most {MOST_POINTS}",
                where=self._port.pv("TSNumPoints"),
            )
        return max(1, int(value))  # type: ignore[arg-type]

    def _on_link(self, value: Value) -> None:
        """What a driver's period is linked to: as a put to ``TSTimePerPoint``."""
        self._port.set_setpoint("TSTimePerPoint", value)
        self._port.put("TSTimePerPoint", value)

    def _on_time(self, per_point: Value | None = None, averaging: Value | None = None) -> Value:
        """Frames that make a point; the averaging time becomes a multiple of a frame's time."""
        port = self._port
        one = float(per_point if per_point is not None else port["TSTimePerPoint"])  # type: ignore[arg-type]
        all_ = float(averaging if averaging is not None else port["TSAveragingTime"])  # type: ignore[arg-type]
        n_average = max(1, round(all_ / one)) if one > 0 else 1
        port.publish("TSNumAverage", n_average)
        port.publish("TSAveragingTime", n_average * one)
        return one if per_point is not None else n_average * one

    def _new_series(self) -> TimeSeries:
        port = self._port
        return TimeSeries(
            len(SIGNALS),
            min(port.integer("TSNumPoints"), MOST_POINTS),  # a restored value met no handler yet
            port["TSAcquireMode"] == CIRCULAR,
            port.integer("TSNumAverage"),
        )

    # -- frames

    def process(self, frame: Frame) -> Frame | None:
        """Take the statistics of one frame, (signals,) float64."""
        port = self._port
        if port["TSAcquiring"] and frame.data.shape == (len(SIGNALS),):
            self._series.add(frame.data.tolist())
            port.publish("TSCurrentPoint", self._series.n_current)
            port.publish("TSElapsedTime", time.monotonic() - self._began)
            if self._series.is_complete:
                self._stop()
        return None

    def held(self) -> list[Frame]:
        """The series itself."""
        return [Frame(self._series.storage, unique_id=0)]

    def lost(self, frame: Frame, reason: str) -> None:
        """Statistics that are not in the series; the counters say so."""

    def close(self) -> None:
        """Nothing is open."""

    def _stop(self) -> None:
        port = self._port
        if port["TSAcquiring"]:
            port.publish("TSAcquiring", 0)
            self._show()
        port.set_setpoint("TSAcquire", 0)
        port.end("TSAcquire")

    def _show(self) -> None:
        values = self._series.values()
        for name, signal in zip(SIGNALS, values, strict=True):
            self._above.publish(f"TS{name}", signal)
        self._above.flush()
        self._port.publish("TSTimestamp", values[SIGNALS.index("Timestamp")])
        self._port.publish("TSTimeAxis", self._time_axis(values.shape[1]))
        if values.size:
            last = self._plugin.last_frame
            self._plugin.emit(Frame(np.ascontiguousarray(values), last.unique_id if last else 0))

    def _time_axis(self, n_points: int) -> Doubles:
        """Seconds of each point: from the start, or back from the last in a circular buffer."""
        axis = np.arange(n_points, dtype=np.float64) * self._port.number("TSAveragingTime")
        is_circular = self._port["TSAcquireMode"] == CIRCULAR and n_points
        return axis - axis[-1] if is_circular else axis
