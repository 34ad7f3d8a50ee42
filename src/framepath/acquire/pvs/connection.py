"""Connected or a clear error; PVs watched instead of polled."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from ophyd import Device
from ophyd.signal import EpicsSignalBase
from ophyd.status import StatusBase
from ophyd.utils.errors import InvalidState

# After ophyd, which chooses the libca that pyepics loads.
# isort: split
from epics.ca import CASeverityException, ChannelAccessException, ChannelAccessGetFailure

from framepath.errors import IocUnreachable, StagingError

NO_ANSWER = (
    TimeoutError,
    ChannelAccessException,
    ChannelAccessGetFailure,
    CASeverityException,
)
"""What pyepics raises for an IOC that does not answer, or goes while it is asked."""

CONNECT_S = 5.0
"""Seconds that PVs get to connect; all are searched for at the same time."""

CONFIRM_S = 5.0
"""Seconds for a readback to show what was put."""


def unreachable(pv: str, *, why: str = "did not connect") -> IocUnreachable:
    """The error for a PV that does not answer, with the addresses that were searched."""
    addresses = os.environ.get("EPICS_CA_ADDR_LIST", "") or "(empty)"
    automatic = os.environ.get("EPICS_CA_AUTO_ADDR_LIST", "YES")
    return IocUnreachable(
        f"PV {pv} {why}",
        where=f"EPICS_CA_ADDR_LIST={addresses} EPICS_CA_AUTO_ADDR_LIST={automatic}",
        next_step=f"check that the IOC runs and that `caget {pv}` works with these addresses; "
        "they are read once, before the first PV of a process connects",
    )


def end_status(status: StatusBase, error: Exception | None = None) -> None:
    """Finish or fail a status that the other of two threads may be ending at this moment."""
    try:
        if error is None:
            status.set_finished()
        else:
            status.set_exception(error)
    except InvalidState:
        pass  # it has ended; `done` follows a little later, so asking it first would not help


def connect(signals: Iterable[EpicsSignalBase], deadline_s: float = CONNECT_S) -> None:
    """Wait until every signal is connected.

    Raises
    ------
    IocUnreachable
        Names the first PV that is not there.
    """
    until = time.monotonic() + deadline_s
    for signal in signals:
        try:
            signal.wait_for_connection(timeout=max(until - time.monotonic(), 0.01))
        except NO_ANSWER as error:
            raise unreachable(signal.pvname) from error


def exists(signal: EpicsSignalBase, deadline_s: float = 0.5) -> bool:
    """Whether a PV that not every IOC has is there; ask after others of the IOC connected."""
    try:
        signal.wait_for_connection(timeout=deadline_s)
    except TimeoutError:
        return False
    return True


def value_of(signal: EpicsSignalBase) -> Any:
    """Value of a signal now: text for text, numbers for everything else, enums included.

    Raises
    ------
    IocUnreachable
        It is not connected, does not answer, or its IOC goes while it is asked.
    """
    if not signal.connected:
        connect([signal])  # before that it is not known to be an enum
    is_text = signal.as_string and not signal.enum_strs
    try:
        value = signal.get(as_string=is_text)
    except NO_ANSWER as error:
        raise unreachable(signal.pvname, why="did not answer") from error
    if value is None:
        raise unreachable(signal.pvname, why="did not answer")
    # A signal made for text turns an enum's number into text as well.
    return int(value) if signal.enum_strs and isinstance(value, str) else value


def value_while_connected(signal: EpicsSignalBase) -> Any:
    """As `value_of`, but a lost connection is not waited for.

    For callbacks of other threads: one that waits while the interpreter ends would go on in a libca
    that is gone.

    Raises
    ------
    IocUnreachable
        It is not connected any more, or does not answer.
    """
    if not signal.connected:
        raise unreachable(signal.pvname, why="has disconnected")
    return value_of(signal)


def put_confirmed(signal: EpicsSignalBase, value: Any, deadline_s: float = CONFIRM_S) -> None:
    """Put a value, wait until the IOC has acted on it and until the readback shows it.

    Not for PVs that stay busy, such as Acquire and Capture.

    Raises
    ------
    IocUnreachable
        Its IOC does not answer, or goes meanwhile.
    StagingError
        The readback shows something else when ``deadline_s`` is over.
    """
    acted = threading.Event()
    until = time.monotonic() + deadline_s
    try:
        signal.put(value, use_complete=True, callback=lambda **_: acted.set())
    except NO_ANSWER as error:
        raise unreachable(signal.pvname, why="could not be put") from error
    acted.wait(deadline_s)
    found = value_of(signal)
    pause = threading.Event()
    while not same_value(found, value):
        if time.monotonic() > until:
            raise StagingError(
                "the IOC did not take a setting",
                found=repr(found),
                expected=repr(value),
                where=signal.pvname,
                next_step="look at the PV's alarm and limits; another client may be writing it",
            )
        pause.wait(0.002)
        found = value_of(signal)


def same_value(found: Any, wanted: Any) -> bool:
    """Whether a readback shows what was put; folders are equal with or without a last slash."""
    if isinstance(wanted, str):
        return str(found).rstrip("/\\") == wanted.rstrip("/\\")
    if isinstance(wanted, float):
        return abs(float(found) - wanted) <= 1e-6 * max(abs(wanted), 1e-3)
    return bool(found == wanted)


class Monitored:
    """A PV followed by a monitor, so that reading it costs nothing and waiting needs no polling."""

    def __init__(self, part: Device, attribute: str) -> None:
        self._part = part
        self._attribute = attribute
        self._changed = threading.Condition()
        self._value: Any = None
        self._subscription: int | None = None

    @property
    def signal(self) -> EpicsSignalBase:
        """The signal; it connects when it is first used."""
        return getattr(self._part, self._attribute)

    def start(self) -> None:
        """Begin to follow the PV; its value is there when this returns."""
        if self._subscription is None:
            self._take(value=value_of(self.signal))
            self._subscription = self.signal.subscribe(self._on_change, run=False)

    def stop(self) -> None:
        """Stop following; the last value stays."""
        if self._subscription is not None:
            self.signal.unsubscribe(self._subscription)
            self._subscription = None

    def _on_change(self, *, value: Any, **_: Any) -> None:
        self._take(value)

    def _take(self, value: Any) -> None:
        with self._changed:
            self._value = value
            self._changed.notify_all()

    @property
    def value(self) -> Any:
        """The last value heard of."""
        return self._value

    def wait_for(self, served: Callable[[Any], bool], deadline_s: float) -> bool:
        """Wait until the value serves; False when it does not within ``deadline_s``.

        The PV is asked once more at the end, so that a lost monitor costs time and no frame.
        """
        with self._changed:
            if self._changed.wait_for(lambda: served(self._value), deadline_s):
                return True
        self._take(value_of(self.signal))
        return served(self._value)
