"""The camera's shutter: none, an EPICS record elsewhere, or the detector's own output."""

from __future__ import annotations

import time
from enum import IntEnum

from framepath.detector.drivers.base import Value
from framepath.detector.port import Port


class ShutterMode(IntEnum):
    """``ShutterMode``, numbered as the record."""

    NONE = 0
    EPICS_PV = 1
    DETECTOR_OUTPUT = 2


class Shutter:
    """Opens for each exposure and closes after it; ``ShutterControl`` moves it by hand.

    In EPICS mode ``ShutterControlEPICS`` drives the records whose links the user sets; in detector
    mode ``ShutterStatus`` follows. Each move lasts ``ShutterOpenDelay`` or ``ShutterCloseDelay``.
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        port.on_put("ShutterControl", self._on_control)

    def _on_control(self, value: Value) -> None:
        self.move(bool(value))

    def move(self, is_open: bool) -> None:
        """Open or close, and wait until it has moved."""
        mode = ShutterMode(self._port.integer("ShutterMode"))
        if mode is ShutterMode.NONE:
            return
        name = "ShutterControlEPICS" if mode is ShutterMode.EPICS_PV else "ShutterStatus"
        self._port.publish(name, int(is_open))
        if mode is ShutterMode.EPICS_PV:
            self._port.publish("ShutterStatus", int(is_open))
        delay_s = self._port.number("ShutterOpenDelay" if is_open else "ShutterCloseDelay")
        if delay_s > 0:
            time.sleep(delay_s)
