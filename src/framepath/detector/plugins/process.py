"""Proc1: background, flat field, offset and scale, clipping, recursive filter, data type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from framepath.detector.drivers.base import Value
from framepath.detector.plugins.array_plugin import ArrayPlugin
from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.pixel_types import converted, output_type
from framepath.detector.plugins.process_correction import Clip, Correction, corrected, full_range
from framepath.detector.plugins.process_filter import (
    Coefficients,
    FilterType,
    RecursiveFilter,
    predefined,
)
from framepath.spec.frame import Frame

Doubles = np.ndarray[Any, np.dtype[np.float64]]

COMMANDS = ("SaveBackground", "SaveFlatField", "ResetFilter")
"""Their setpoints start as 1 and their readbacks as 0, as in areaDetector's database."""


class ProcessStep:
    """Corrects and filters every frame.

    Background and flat field are the last frame sent on: save them with nothing enabled, or they
    hold what was already corrected.
    """

    def __init__(self, plugin: Plugin) -> None:
        self._port = plugin.port
        self._lock = plugin.lock
        self._filter = RecursiveFilter()
        self._saved: dict[str, Doubles] = {}
        self._last_sent: Frame | None = None
        port = plugin.port
        port.on_put("SaveBackground", self._saver("Background"))
        port.on_put("SaveFlatField", self._saver("FlatField"))
        port.on_put("AutoOffsetScale", self._on_auto)
        port.on_put("FilterType", self._on_filter_type)
        for name in COMMANDS:
            port.publish(name, 0)
        plugin.run_soon(self._raise_commands)

    def _raise_commands(self) -> None:
        for name in COMMANDS:
            self._port.set_setpoint(name, 1)

    # -- puts

    def _saver(self, what: str) -> Callable[[Value], Value]:
        def save(value: Value) -> Value:
            with self._lock:
                self._saved.pop(what, None)
                if self._last_sent is not None:
                    self._saved[what] = self._last_sent.data.astype(np.float64)
                self._port.publish(f"Valid{what}", int(what in self._saved))
            return 0

        return save

    def _on_auto(self, value: Value) -> Any:
        """Begin to wait for the next frame, whose range is taken."""
        if value:
            self._port.begin("AutoOffsetScale")
        else:
            self._port.end("AutoOffsetScale")

    def _on_filter_type(self, value: Value) -> Any:
        """Load a filter type's coefficients; offsets and scales stay as they are."""
        c = predefined(FilterType(int(value)), self._port.integer("NumFilter"))  # type: ignore[arg-type]
        for letter, values in (("O", c.oc), ("F", c.fc), ("R", c.rc)):
            for number, coefficient in enumerate(values, start=1):
                self._port.publish(f"{letter}C{number}", coefficient)
                self._port.set_setpoint(f"{letter}C{number}", coefficient)

    # -- frames

    def process(self, frame: Frame) -> Frame | None:
        """The corrected frame; None for those that "Array N only" keeps back."""
        port = self._port
        dtype = output_type(port.integer("DataTypeOut"), frame.dtype)
        correction = self._correction(frame)
        pixels = frame.data
        if correction.does_something:
            pixels = corrected(pixels, correction)
        is_due = True
        if port["EnableFilter"]:
            pixels = self._filtered(pixels.astype(np.float64, copy=False))
            at_end = port["NumFiltered"] == port["NumFilter"]
            is_due = at_end or not port["FilterCallbacks"]
        if port["AutoOffsetScale"]:
            self._set_range(frame, dtype)
        if not is_due:
            return None
        self._last_sent = replace(frame, data=converted(pixels, dtype))
        return self._last_sent

    def _correction(self, frame: Frame) -> Correction:
        port = self._port

        def clip(side: str) -> Clip | None:
            if not port[f"Enable{side}Clip"]:
                return None
            return Clip(port.number(f"{side}ClipThresh"), port.number(f"{side}ClipValue"))

        scaled = bool(port["EnableOffsetScale"])
        return Correction(
            background=self._enabled("Background", frame),
            flat=self._enabled("FlatField", frame),
            flat_scale=port.number("ScaleFlatField"),
            offset=port.number("Offset") if scaled else 0.0,
            scale=port.number("Scale") if scaled else 1.0,
            high=clip("High"),
            low=clip("Low"),
        )

    def _enabled(self, what: str, frame: Frame) -> Doubles | None:
        """The saved frame if it is to be used and still fits; says so in ``Valid...``."""
        saved = self._saved.get(what)
        fits = saved is not None and saved.shape == frame.shape
        if self._port[f"Valid{what}"] != fits:
            self._port.publish(f"Valid{what}", int(fits))
        return saved if fits and self._port[f"Enable{what}"] else None

    def _filtered(self, pixels: Doubles) -> Doubles:
        port = self._port
        n_filter = port.integer("NumFilter")
        full = bool(port["AutoResetFilter"]) and self._filter.n_filtered >= n_filter
        output = self._filter.apply(
            pixels, self._coefficients(), n_filter, reset=full or bool(port["ResetFilter"])
        )
        port.publish("ResetFilter", 0)
        port.publish("NumFiltered", self._filter.n_filtered)
        return output

    def _coefficients(self) -> Coefficients:
        number = self._port.number
        return Coefficients(
            oc=(number("OC1"), number("OC2"), number("OC3"), number("OC4")),
            fc=(number("FC1"), number("FC2"), number("FC3"), number("FC4")),
            rc=(number("RC1"), number("RC2")),
            o_offset=number("OOffset"),
            o_scale=number("OScale"),
            f_offset=number("FOffset"),
            f_scale=number("FScale"),
            r_offset=number("ROffset"),
        )

    def _set_range(self, frame: Frame, dtype: np.dtype[Any]) -> None:
        """Set offset, scale and clips so that frames like this one fill the output type."""
        offset, scale, top = full_range(frame.data, dtype)
        for name, value in (
            ("Offset", offset),
            ("Scale", scale),
            ("LowClipThresh", 0.0),
            ("LowClipValue", 0.0),
            ("HighClipThresh", top),
            ("HighClipValue", top),
            ("EnableOffsetScale", 1),
            ("EnableLowClip", 1),
            ("EnableHighClip", 1),
            ("AutoOffsetScale", 0),
        ):
            self._port.publish(name, value)
            self._port.set_setpoint(name, value)
        self._port.end("AutoOffsetScale")


def process_plugin(plugin: Plugin) -> ArrayPlugin:
    """Proc1's processor."""
    return ArrayPlugin(plugin, ProcessStep(plugin))
