"""PV values put for the time of a staging, and put back after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ophyd import Device
from ophyd.signal import EpicsSignalBase

from framepath.acquire.pvs.connection import (
    exists,
    put_confirmed,
    same_value,
    unreachable,
    value_of,
)
from framepath.acquire.pvs.crash_record import CrashRecord
from framepath.errors import IocUnreachable, StagingError


@dataclass(frozen=True, slots=True)
class Setting:
    """One PV and the value it has while staged.

    ``signal`` is dotted from the detector (``hdf1.num_capture``); an ``optional`` PV is skipped
    where the IOC does not have it.
    """

    signal: str
    value: Any
    optional: bool = False


def signal_of(detector: Device, dotted: str) -> EpicsSignalBase | None:
    """The signal of a dotted name; None when the detector was made without it."""
    found: Any = detector
    for name in dotted.split("."):
        found = getattr(found, name, None)
        if found is None:
            return None
    return found


class StagedSettings:
    """What was changed, in order, with the values to go back to.

    Parameters
    ----------
    detector
        Its PVs are meant; changes are also kept on disk, for a session that dies with them.
    """

    def __init__(self, detector: Device) -> None:
        self._detector = detector
        self._record = CrashRecord(detector.prefix)
        self._changed: list[tuple[EpicsSignalBase, Any]] = []

    def begin(self) -> None:
        """Begin a staging; what a session that died has left is put back first.

        Raises
        ------
        StagingError
            Another session on this machine has staged the detector.
        """
        for dotted, before in self._record.open():
            signal = signal_of(self._detector, dotted)
            if signal is not None and exists(signal):
                put_confirmed(signal, before)
        self._record.clear()

    def apply(self, settings: Iterable[Setting]) -> None:
        """Put each setting in order; one that has its value already is left alone.

        Raises
        ------
        StagingError
            The IOC did not take a value.
        """
        for setting in settings:
            signal = signal_of(self._detector, setting.signal)
            if signal is None or (setting.optional and not exists(signal)):
                continue
            before = value_of(signal)
            if not same_value(before, setting.value):
                self._note(setting.signal, signal, before)
                put_confirmed(signal, setting.value)

    def remember(self, dotted: str) -> None:
        """Put this PV back too, whatever is done to it while staged."""
        signal = signal_of(self._detector, dotted)
        if signal is not None and all(s is not signal for s, _ in self._changed):
            self._note(dotted, signal, value_of(signal))

    def _note(self, dotted: str, signal: EpicsSignalBase, before: Any) -> None:
        self._record.add((dotted, before))
        self._changed.append((signal, before))

    def restore(self) -> None:
        """Put everything back, the last change first.

        Raises
        ------
        IocUnreachable
            The IOC is gone; it begins with its own settings when it comes back.
        StagingError
            Some PVs could not be put back; the rest was.
        """
        try:
            failed = self._put_back()
            self._record.clear()
        finally:
            self._record.close()
        if failed:
            raise StagingError(
                f"{len(failed)} PV(s) were not put back",
                found="; ".join(failed),
                next_step="put them by hand when the IOC answers again",
            )

    def _put_back(self) -> list[str]:
        failed = []
        gone: IocUnreachable | None = None
        while self._changed:
            signal, before = self._changed.pop()
            if not signal.connected:
                self._changed.clear()
                raise unreachable(signal.pvname, why="is gone and was not put back")
            try:
                put_confirmed(signal, before)
            except IocUnreachable as error:
                gone = error  # it may be gone without being known to be: so the others are tried
            except StagingError as error:
                failed.append(f"{signal.pvname} = {before!r} ({error})")
        if gone is not None:
            raise gone
        return failed
