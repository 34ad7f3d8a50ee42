"""Stats1: statistics, centroid, profiles and histogram of every frame, and their time series."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from framepath.detector.drivers.base import Value
from framepath.detector.plugins.array_plugin import ArrayPlugin
from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.stats_profiles import average, histogram, pixel_at, through
from framepath.detector.plugins.stats_time_series import ADDRESS, SIGNALS
from framepath.detector.plugins.stats_values import above, basic, centroid
from framepath.spec.frame import ColorMode, Frame

Pixels = np.ndarray[Any, np.dtype[Any]]

BASIC = (
    "MinValue", "MinX", "MinY", "MaxValue", "MaxX", "MaxY", "MeanValue", "Sigma", "Total", "Net",
)  # fmt: skip
CENTROID = (
    "CentroidTotal", "CentroidX", "CentroidY", "SigmaX", "SigmaY", "SigmaXY", "SkewX", "SkewY",
    "KurtosisX", "KurtosisY", "Eccentricity", "Orientation",
)  # fmt: skip
"""Readbacks in the order of `stats_values.Basic` and `stats_values.Centroid`."""


class StatsStep:
    """Computes what is enabled and sends the frame on as it is."""

    def __init__(self, plugin: Plugin) -> None:
        self._port = plugin.port
        self._plugin = plugin
        for name in ("CentroidThreshold", "CursorX", "CursorY"):
            plugin.port.on_put(name, self._recompute_soon)
        plugin.port.on_put("SigmaValue", self._on_sigma)

    def _recompute_soon(self, value: Value) -> None:
        """The last frame's centroid and profiles follow the new setting."""
        self._plugin.run_soon(self._recompute)

    def _recompute(self) -> None:
        with self._plugin.lock:
            frame = self._plugin.last_frame
            if frame is not None and frame.compressed is None and frame.data.size:
                self._image_statistics(frame.data)

    def _on_sigma(self, value: Value) -> None:
        """The setpoint of ``Sigma_RBV`` has another name than its readback."""
        self._port.publish("Sigma", value)

    def process(self, frame: Frame) -> Frame:
        """Publish the statistics of a frame."""
        if not frame.data.size:
            return frame
        port = self._port
        if port["ComputeStatistics"]:
            values = basic(frame.data, port.integer("BgdWidth"))
            self._publish(dict(zip(BASIC, values, strict=True)))
        self._image_statistics(frame.data)
        if port["ComputeHistogram"]:
            self._histogram(frame.data)
        self._plugin.emit_at(ADDRESS, self._signals(frame))
        return frame

    def _signals(self, frame: Frame) -> Frame:
        """The statistics as an array, for the time series; what is not computed stays as it was."""
        shown = [self._port.number(name) for name in SIGNALS[:-1]]
        signals = np.array([*shown, frame.timestamp])
        return replace(frame, data=signals, color_mode=ColorMode.MONO, dimensions=(), attributes={})

    def _image_statistics(self, pixels: Pixels) -> None:
        """Centroid and profiles, which arrays of more than two axes do not have."""
        port = self._port
        if pixels.ndim > 2:
            return
        image = np.atleast_2d(pixels)
        bright = None
        if port["ComputeCentroid"] or port["ComputeProfiles"]:
            bright = above(image, port.number("CentroidThreshold"))
        if bright is not None and port["ComputeCentroid"]:
            self._publish(dict(zip(CENTROID, centroid(bright), strict=True)))
        if bright is not None and port["ComputeProfiles"]:
            self._profiles(image, bright)

    def _profiles(self, image: Pixels, bright: Pixels) -> None:
        port = self._port
        cursor = port.integer("CursorX"), port.integer("CursorY")
        port.publish("CursorVal", pixel_at(image, *cursor))
        for name, profiles in (
            ("Average", average(image)),
            ("Threshold", average(bright)),
            ("Centroid", through(image, port.number("CentroidX"), port.number("CentroidY"))),
            ("Cursor", through(image, *cursor)),
        ):
            port.publish(f"Profile{name}X", profiles.x)
            port.publish(f"Profile{name}Y", profiles.y)
        self._publish({"ProfileSizeX": image.shape[1], "ProfileSizeY": image.shape[0]})

    def _histogram(self, pixels: Pixels) -> None:
        port = self._port
        size = max(1, port.integer("HistSize"))
        found = histogram(pixels, size, port.number("HistMin"), port.number("HistMax"))
        self._publish({"HistBelow": found.below, "HistAbove": found.above})
        port.publish("HistEntropy", found.entropy)
        port.publish("Histogram", found.counts)
        port.publish("HistogramX", found.edges)

    def _publish(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._port.publish(name, value)


def stats_plugin(plugin: Plugin) -> ArrayPlugin:
    """Stats1's processor."""
    return ArrayPlugin(plugin, StatsStep(plugin))
