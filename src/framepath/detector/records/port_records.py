"""The records of one port: made from its rows, written by it, and telling it of puts."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from framepath.detector.drivers.base import Value
from framepath.detector.port import Port
from framepath.detector.records import build
from framepath.detector.records.direct import Readback
from framepath.detector.records.dispatch import Companion, Setpoint, own_put
from framepath.errors import FramepathError
from framepath.spec.params import Param

log = logging.getLogger(__name__)

WRITE_ALARM = 2
INVALID_ALARM = 3


class PortRecords:
    """Makes the records of a port (implements `framepath.detector.port.Records`).

    Must be made before the database is loaded; `start` binds it to the port once the IOC is up.
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        self._setpoints: dict[str, Any] = {}
        self._readbacks: dict[str, Readback] = {}
        for suffix, param in port.params.items():
            if param.record in build.NOT_BUILT:
                continue
            build.check_name(port.pv(suffix), param)
            if param.is_setpoint:
                self._make_setpoint(suffix, param)
            elif param.is_readback:
                build.readback(port.prefix, param, port[param.name])
                self._readbacks[param.name] = Readback(port.pv(suffix), param)
            else:
                build.plain(port.prefix, param)

    def _make_setpoint(self, suffix: str, param: Param) -> None:
        port = self._port
        on_update = Setpoint(
            lambda value: self._put(suffix, param.name, value),
            lambda value: port.is_urgent(param.name, value),
        )
        value = port.setpoint_value(param)
        self._setpoints[suffix] = build.setpoint(port.prefix, param, value, on_update)
        if param.busy:
            wait = Companion(lambda done: port.when_done(param.name, done))
            build.companion(port.prefix, param, wait)

    def start(self) -> None:
        """Show what the database could not hold from the start, and follow the port."""
        for name, readback in self._readbacks.items():
            value = self._port[name]
            if isinstance(value, str) or not np.isscalar(value):
                readback.write(value)
        self._port.bind(self)
        self._port.flush()

    def write_readback(self, name: str, value: Value) -> None:
        """Show a value; nothing happens where no record does."""
        readback = self._readbacks.get(name)
        if readback is not None:
            readback.write(value)

    def write_setpoint(self, suffix: str, value: Value) -> None:
        """Write a setpoint; its put handler does not run."""
        with own_put():
            self._setpoints[suffix].set(value)

    def _put(self, suffix: str, name: str, value: Any) -> None:
        try:
            self._port.put(name, value)
        except FramepathError as refusal:
            log.warning("put refused", extra={"pv": self._port.pv(suffix), "reason": str(refusal)})
            self._alarm(suffix)
        except Exception:  # a fault that nobody foresaw: `PutLane` logs it
            self._alarm(suffix)
            raise

    def _alarm(self, suffix: str) -> None:
        """Show that a put had no effect.

        The record is being processed by this put, so its next severity is ours to write; the put
        after it starts without alarm.
        """
        record = self._setpoints[suffix]._record
        record.NSEV = INVALID_ALARM
        record.NSTA = WRITE_ALARM
