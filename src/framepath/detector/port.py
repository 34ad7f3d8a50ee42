"""A port: the values of one plugin, who is told of puts, and who waits for its work.

The EPICS side is bound to it with `Port.bind`; without it a port is plain Python.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from framepath.detector.drivers.base import PutHandler, Shown, Value
from framepath.errors import FramepathError, SettingsError
from framepath.spec.params import Param, Rate
from framepath.spec.params.model import READBACK_SUFFIX


class PutRefused(FramepathError, ValueError):
    """A put that the plugin does not take: the setpoint goes INVALID, the readback stays."""


class Records(Protocol):
    """The records of a port, as it writes them."""

    def write_readback(self, name: str, value: Value) -> None:
        """Show a value."""
        ...

    def write_setpoint(self, suffix: str, value: Value) -> None:
        """Write a setpoint; its put handler does not run."""
        ...


class Port:
    """One plugin's (or the camera's) parameters.

    Names are PV suffixes without ``_RBV``.

    Parameters
    ----------
    prefix
        PV prefix with the plugin: ``13SIM1:cam1:``.
    params
        Rows of the parameter table by suffix.
    initial
        Values that replace the rows' own.

    Raises
    ------
    SettingsError
        ``initial`` names a parameter that no row has.
    """

    def __init__(
        self, prefix: str, params: Mapping[str, Param], initial: Mapping[str, Value] | None = None
    ) -> None:
        self.prefix = prefix
        self.params = dict(params)
        self.shown: object = None
        """What of the last frame's description is on the records (see `frames.show_frame`)."""
        self._values: dict[str, Value] = {}
        self._by_parameter: dict[str, str] = {}
        self._paced: set[str] = set()
        self._dirty: set[str] = set()
        self._handlers: dict[str, PutHandler] = {}
        self._urgent: dict[str, Callable[[Any], bool]] = {}
        self._busy: set[str] = set()
        self._passing: set[str] = set()
        self._waiters: dict[str, list[Callable[[], None]]] = {}
        self._lock = threading.Lock()
        self._records: Records | None = None
        self._read_rows()
        for name, value in (initial or {}).items():
            if name not in self._values:
                raise SettingsError("no such parameter", found=name, where=prefix)
            self._values[name] = value

    def _read_rows(self) -> None:
        for param in self.params.values():
            if not param.is_readback and not param.is_setpoint:
                continue
            if param.name not in self._values or self._is_alone(param):
                self._values[param.name] = param.initial_value()
            if param.parameter:
                self._by_parameter.setdefault(param.parameter, param.name)
            if param.is_readback and param.rate is Rate.PACED:
                self._paced.add(param.name)
            if param.busy and param.inert:
                self._handlers[param.name] = lambda value, suffix=param.suffix: self._end_at_once(
                    suffix
                )

    def _end_at_once(self, suffix: str) -> Shown:
        self.set_setpoint(suffix, 0)
        return Shown.UNCHANGED

    def bind(self, records: Records) -> None:
        """From now on show values on these records."""
        self._records = records

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

    def _is_alone(self, readback: Param) -> bool:
        """Whether a readback shows another value than its setpoint at the start.

        Commands do, whose setpoints stay at what was put last, and text; numbers and states are
        settings, of which the setpoint's value is in effect.
        """
        if not readback.is_readback:
            return False
        setpoint = self.params.get(readback.suffix.removesuffix(READBACK_SUFFIX))
        return setpoint is None or setpoint.is_text or not setpoint.autosaved

    def setpoint_value(self, param: Param) -> Value:
        """What a setpoint's record shows at the start."""
        readback = self.params.get(param.suffix + READBACK_SUFFIX)
        if readback is None or not self._is_alone(readback):
            return self._values[param.name]
        is_same = readback.initial_value() == param.initial_value()
        return self._values[param.name] if is_same else param.initial_value()

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
            with self._lock:
                self._dirty.add(name)
        elif self._records is not None:
            self._records.write_readback(name, value)

    def flush(self) -> None:
        """Show every paced value that changed."""
        if self._records is None:
            return
        with self._lock:
            dirty, self._dirty = self._dirty, set()
        for name in dirty:
            self._records.write_readback(name, self._values[name])

    def set_setpoint(self, suffix: str, value: Value) -> None:
        """Write a setpoint ourselves; its put handler does not run."""
        if self._records is not None:
            self._records.write_setpoint(suffix, value)

    # -- puts

    def on_put(self, name: str, handler: PutHandler) -> None:
        """Run ``handler`` on each put; what it returns becomes the readback (None: the value)."""
        self._handlers[name] = handler

    def on_urgent_put(self, name: str, is_urgent: Callable[[Any], bool]) -> None:
        """Puts for which ``is_urgent`` says True are handled at once, past other clients' puts."""
        self._urgent[name] = is_urgent

    def is_urgent(self, name: str, value: Value) -> bool:
        """Whether a put must not wait for others."""
        urgent = self._urgent.get(name)
        return urgent is not None and urgent(value)

    def put(self, name: str, value: Value) -> None:
        """Handle a client's put.

        Raises
        ------
        PutRefused
            The plugin does not take the value.
        """
        self._refuse_misfit(name, value)
        handler = self._handlers.get(name)
        shown = handler(value) if handler else value
        if shown is not Shown.UNCHANGED:
            self.publish(name, value if shown is None else shown)
        self.flush()  # who has put a value may read its effects at once

    def _refuse_misfit(self, name: str, value: Value) -> None:
        """Records take any number from a client: states that there are not, NaN, infinity."""
        row = self.params.get(name)
        if row is None or row.record not in ("mbbo", "ao") or isinstance(value, str):
            return
        misfit = row.misfit(float(value))  # type: ignore[arg-type]
        if misfit:
            states = ", ".join(f"{n} {state}" for n, state in enumerate(row.states))
            expected = states or "a finite number"
            raise PutRefused(misfit, found=value, expected=expected, where=self.pv(name))

    # -- busy setpoints

    def begin(self, name: str) -> None:
        """A busy setpoint's work has begun: put-callbacks wait until `end`."""
        with self._lock:
            self._busy.add(name)

    def do_not_wait(self, name: str) -> None:
        """The put in hand started nothing: its put-callback returns although others wait."""
        with self._lock:
            self._passing.add(name)

    def end(self, name: str) -> None:
        """The work is done: let the put-callbacks go."""
        with self._lock:
            self._busy.discard(name)
            waiting = self._waiters.pop(name, [])
        for done in waiting:
            done()

    def when_done(self, name: str, done: Callable[[], None]) -> None:
        """Call ``done`` once the work of a busy setpoint is over, at once when there is none."""
        with self._lock:
            is_passing = name in self._passing
            self._passing.discard(name)
            if name in self._busy and not is_passing:
                self._waiters.setdefault(name, []).append(done)
                return
        done()
