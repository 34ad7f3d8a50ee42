"""A port: the values of one plugin, and the records that show and set them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from framepath.detector.drivers.base import PutHandler, Shown, Value
from framepath.detector.records import build
from framepath.detector.records.direct import Readback
from framepath.detector.records.dispatch import Companion, Setpoint, own_put
from framepath.errors import FramepathError, SettingsError
from framepath.spec.params import Param, Rate

log = logging.getLogger(__name__)

WRITE_ALARM = 2
INVALID_ALARM = 3


class PutRefused(FramepathError, ValueError):
    """A put that the plugin does not take: the setpoint goes INVALID, the readback stays."""


class Port:
    """One plugin's (or the camera's) parameters.

    Names are PV suffixes without ``_RBV``. `build` makes the records; handlers are registered
    before or after it.

    Parameters
    ----------
    prefix
        PV prefix with the plugin: ``13SIM1:cam1:``.
    params
        Rows of the parameter table by suffix.
    initial
        Values that replace the rows' own.
    """

    def __init__(
        self, prefix: str, params: Mapping[str, Param], initial: Mapping[str, Value] | None = None
    ) -> None:
        self.prefix = prefix
        self.params = {s: p for s, p in params.items() if p.record not in build.NOT_BUILT}
        self._values: dict[str, Value] = {}
        self._lock = threading.Lock()
        self._handlers: dict[str, PutHandler] = {}
        self._urgent: dict[str, Callable[[Any], bool]] = {}
        self._setpoints: dict[str, Any] = {}
        self._readbacks: dict[str, Readback] = {}
        self._paced: set[str] = set()
        self._dirty: set[str] = set()
        self._waiters: dict[str, list[Callable[[], None]]] = {}
        self._busy: set[str] = set()
        self._up = False
        self.shown: object = None
        """What of the last frame's description is on the records (see `camera.show_frame`)."""
        self._by_parameter: dict[str, str] = {}
        self._read_rows()
        for name, value in (initial or {}).items():
            if name not in self._values:
                raise SettingsError("no such parameter", found=name, where=prefix)
            self._values[name] = value

    def _read_rows(self) -> None:
        for param in self.params.values():
            if not param.is_readback and not param.is_setpoint:
                continue
            self._values.setdefault(param.name, param.initial_value())
            if param.parameter:
                self._by_parameter.setdefault(param.parameter, param.name)
            if param.is_readback and param.rate is Rate.PACED:
                self._paced.add(param.name)

    # -- making the records

    def build(self) -> None:
        """Make every record; called once, before the database is loaded."""
        for suffix, param in self.params.items():
            if param.is_setpoint:
                self._build_setpoint(suffix, param)
            elif param.is_readback:
                build.readback(self.prefix, param, self._values[param.name])
                self._readbacks[param.name] = Readback(self.prefix + suffix, param)
            else:
                build.plain(self.prefix, param)

    def _build_setpoint(self, suffix: str, param: Param) -> None:
        on_update = Setpoint(
            lambda value: self._put(suffix, value), lambda value: self._is_urgent(suffix, value)
        )
        value = self._values[param.name]
        self._setpoints[suffix] = build.setpoint(self.prefix, param, value, on_update)
        if param.busy:
            build.companion(self.prefix, param, Companion(lambda done: self._wait(suffix, done)))

    def start(self) -> None:
        """Write what the database could not hold from the start; called once the IOC is up."""
        self._up = True
        for name, readback in self._readbacks.items():
            value = self._values[name]
            if isinstance(value, str) or not np.isscalar(value):
                readback.write(value)
        self.flush()

    # -- values

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def snapshot(self) -> dict[str, Value]:
        """All values now."""
        return self._values.copy()

    def integer(self, name: str) -> int:
        """A value as int."""
        return int(self._values[name])  # type: ignore[arg-type]

    def number(self, name: str) -> float:
        """A value as float."""
        return float(self._values[name])  # type: ignore[arg-type]

    def text(self, name: str) -> str:
        """A value as text."""
        return str(self._values[name])

    def name_of(self, parameter: str) -> str | None:
        """Name of areaDetector's parameter ``ACQ_TIME`` and the like; None when unknown."""
        return self._by_parameter.get(parameter)

    def pv(self, suffix: str) -> str:
        """Full PV name."""
        return self.prefix + suffix

    def publish(self, name: str, value: Value) -> None:
        """Set a value; its readback follows at once, or soon when the row says paced."""
        self._values[name] = value
        if name in self._paced:
            self._dirty.add(name)
        elif self._up and (readback := self._readbacks.get(name)) is not None:
            readback.write(value)

    def flush(self) -> None:
        """Write every paced readback that changed."""
        if not self._up:
            return
        with self._lock:
            dirty, self._dirty = self._dirty, set()
        for name in dirty:
            readback = self._readbacks.get(name)
            if readback is not None:
                readback.write(self._values[name])

    def set_setpoint(self, suffix: str, value: Any) -> None:
        """Write a setpoint ourselves; its put handler does not run."""
        with own_put():
            self._setpoints[suffix].set(value)

    # -- puts

    def on_put(self, name: str, handler: PutHandler) -> None:
        """Run ``handler`` on each put; what it returns becomes the readback (None: the value)."""
        self._handlers[name] = handler

    def on_urgent_put(self, name: str, is_urgent: Callable[[Any], bool]) -> None:
        """Puts for which ``is_urgent`` says True are handled at once, past other clients' puts."""
        self._urgent[name] = is_urgent

    def _is_urgent(self, suffix: str, value: Any) -> bool:
        urgent = self._urgent.get(suffix)
        return urgent is not None and urgent(value)

    def _put(self, suffix: str, value: Any) -> None:
        name = self.params[suffix].name
        handler = self._handlers.get(name)
        try:
            shown = handler(value) if handler else value
        except PutRefused as refusal:
            log.warning("put refused", extra={"pv": self.pv(suffix), "reason": str(refusal)})
            self._alarm(suffix)
            return
        if shown is not Shown.UNCHANGED:
            self.publish(name, value if shown is None else shown)

    def _alarm(self, suffix: str) -> None:
        """End this put in INVALID/WRITE; the next one starts without alarm."""
        # The record is being processed by us, so its next severity is ours to write.
        record = self._setpoints[suffix]._record
        record.NSEV = INVALID_ALARM
        record.NSTA = WRITE_ALARM

    # -- busy setpoints

    def begin(self, name: str) -> None:
        """A busy setpoint's work has begun: put-callbacks wait until `end`."""
        with self._lock:
            self._busy.add(name)

    def end(self, name: str) -> None:
        """The work is done: let the put-callbacks go."""
        with self._lock:
            self._busy.discard(name)
            waiting = self._waiters.pop(name, [])
        for done in waiting:
            done()

    def _wait(self, name: str, done: Callable[[], None]) -> None:
        with self._lock:
            if name in self._busy:
                self._waiters.setdefault(name, []).append(done)
                return
        done()
