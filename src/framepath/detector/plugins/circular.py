"""CB1: keeps the last frames, and sends them on with those that follow when a trigger comes."""

from __future__ import annotations

import math
from collections import deque

from framepath.detector.drivers.base import Shown, Value
from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.circular_calc import Calc
from framepath.detector.port import PutRefused
from framepath.errors import SettingsError
from framepath.spec.frame import Frame

FILLING = "Buffer filling"
WRAPPING = "Buffer Wrapping"
DROPPING = "Dropping frames"
FLUSHING = "Flushing"
COMPLETED = "Acquisition Completed"
STOPPED = "Acquisition Stopped"


class CircularBuffer:
    """CB1's processor; words and order of its states are those of ADCore's NDPluginCircularBuff.

    Frames before a trigger go round in a buffer of ``PreCount``; the frame that brings the trigger
    and those after it, ``PostCount`` together, follow them to the plugins behind. That is one
    sequence; ``PresetTriggerCount`` of them end a capture, 0 means no end.
    """

    def __init__(self, plugin: Plugin) -> None:
        self._port = port = plugin.port
        self._lock = plugin.lock
        self._emit = plugin.emit
        self._before: deque[Frame] = deque()
        self._calc = Calc("")  # the saved expression is put like any other
        self._capturing = False
        self._triggered = False
        self._n_after = 0
        for name, handler in (
            ("Capture", self._on_capture),
            ("Trigger", self._on_trigger),
            ("PreCount", self._on_pre_count),
            ("TriggerCalc", self._on_calc),
        ):
            port.on_put(name, handler)

    # -- puts

    def _on_capture(self, value: Value) -> Shown:
        with self._lock:
            self._end_trigger()
            if value:
                self._before = deque(maxlen=self._port.integer("PreCount"))
                self._port.publish("CurrentQty", 0)
                self._port.publish("ActualTriggerCount", 0)
                self._port.begin("Capture")
                self._capturing = True
                self._port.publish("Capture", 1)
                self._say(self._waiting())
            else:
                self._before.clear()
                self._port.publish("CurrentQty", 0)
                self._end_capture(STOPPED)
        return Shown.UNCHANGED

    def _on_trigger(self, value: Value) -> Shown:
        with self._lock:
            if value and not self._capturing:
                raise PutRefused(
                    "there is nothing to trigger",
                    found="Capture is Done",
                    expected="Capture",
                    where=self._port.pv("Trigger"),
                    next_step="put 1 to Capture first",
                )
            if value:
                self._port.begin("Trigger")
                self._set_triggered(True)
                if self._port["FlushOnSoftTrg"]:
                    self._flush()
        return Shown.UNCHANGED

    def _on_pre_count(self, value: Value) -> None:
        problem = ""
        if self._capturing:
            problem = "Stop acquisition to set pre-count"
        elif int(value) < 0:  # type: ignore[arg-type]
            problem = "Invalid pre-count value"
        if problem:
            self._say(problem)
            raise PutRefused(problem, found=value, where=self._port.pv("PreCount"))

    def _on_calc(self, value: Value) -> Value:
        try:
            self._calc = Calc(str(value))
        except SettingsError as error:
            raise PutRefused(str(error), where=self._port.pv("TriggerCalc")) from error
        return value or "0"

    # -- frames

    def process(self, frame: Frame) -> Frame | None:
        """Keep the frame, or send it on; nothing happens outside a capture."""
        if not self._capturing:
            return None
        if not self._triggered and self._condition(frame):
            self._set_triggered(True)
        if not self._triggered:
            self._keep(frame)
            return None
        self._say(FLUSHING)
        self._flush()
        self._n_after += 1
        self._port.publish("PostTriggerQty", self._n_after)
        self._emit(frame)
        if self._n_after >= self._port.integer("PostCount"):
            self._end_sequence()
        return None

    def lost(self, frame: Frame, reason: str) -> None:
        """A frame that never came into the buffer; the counters say so."""

    def close(self) -> None:
        """What waits for a trigger that will not come is dropped."""
        if self._capturing:
            self._on_capture(0)

    def _condition(self, frame: Frame) -> bool:
        """``TriggerCalc`` of the frame: A and B are attributes, NaN where it has none of the name;
        C, D, E, F are PreCount, PostCount, CurrentQty and whether it was triggered.
        """
        a, b = (self._attribute(frame, name) for name in ("TriggerA", "TriggerB"))
        settings = [self._port.number(name) for name in ("PreCount", "PostCount", "CurrentQty")]
        result = self._calc.value([a, b, *settings, float(self._triggered)])
        self._port.publish("TriggerAVal", a)
        self._port.publish("TriggerBVal", b)
        self._port.publish("TriggerCalcVal", result)
        return math.isfinite(result) and result != 0

    def _attribute(self, frame: Frame, name: str) -> float:
        attribute = frame.attributes.get(self._port.text(name))
        value = None if attribute is None else attribute.value
        return float(value) if isinstance(value, (int, float)) else math.nan

    def _keep(self, frame: Frame) -> None:
        self._before.append(frame)
        self._port.publish("CurrentQty", len(self._before))
        if self._before.maxlen and len(self._before) == self._before.maxlen:
            self._say(WRAPPING)

    def _flush(self) -> None:
        """Send on what came before the trigger, oldest first."""
        while self._before:
            self._emit(self._before.popleft())
        self._port.publish("CurrentQty", 0)

    # -- states

    def _end_sequence(self) -> None:
        n_done = self._port.integer("ActualTriggerCount") + 1
        self._port.publish("ActualTriggerCount", n_done)
        self._end_trigger()
        if 0 < self._port.integer("PresetTriggerCount") <= n_done:
            self._end_capture(COMPLETED)
        else:
            self._say(self._waiting())

    def _end_trigger(self) -> None:
        """No trigger is in force any more; a put to ``Trigger`` has been served."""
        self._n_after = 0
        self._port.publish("PostTriggerQty", 0)
        self._set_triggered(False)
        self._port.set_setpoint("Trigger", 0)
        self._port.end("Trigger")

    def _end_capture(self, status: str) -> None:
        self._capturing = False
        self._say(status)
        self._port.flush()
        self._port.set_setpoint("Capture", 0)
        self._port.end("Capture")
        self._port.publish("Capture", 0)

    def _set_triggered(self, is_triggered: bool) -> None:
        self._triggered = is_triggered
        self._port.publish("Trigger", int(is_triggered))

    def _waiting(self) -> str:
        return FILLING if self._port.integer("PreCount") else DROPPING

    def _say(self, status: str) -> None:
        if self._port["StatusMessage"] != status:
            self._port.publish("StatusMessage", status)
