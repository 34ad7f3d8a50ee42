"""Watches exposures under way, so that a dead IOC or a failed write ends the plan at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ophyd.status import DeviceStatus

from framepath.acquire.pvs.connection import end_status

LOOK_EVERY_S = 0.02
"""Seconds between looks; each costs some microseconds."""

Complaint = Callable[[], Exception | None]
"""Says what is wrong now, None when nothing is; must not wait for an answer of the IOC."""


class Watch:
    """A thread that lives while a detector is staged and fails the status it follows.

    Parameters
    ----------
    complaints
        Asked in turn while a status is followed; the first error fails the status.
    """

    def __init__(self, complaints: tuple[Complaint, ...]) -> None:
        self._complaints = complaints
        self._followed: tuple[DeviceStatus, float, Exception] | None = None
        self._waiting: list[tuple[Callable[[], bool], Callable[[], None]]] = []
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="framepath-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; nothing happens when it never began."""
        self._ended.set()
        self._followed = None
        self._waiting.clear()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def follow(self, status: DeviceStatus, deadline_s: float, overdue: Exception) -> None:
        """Look after this status; it fails with ``overdue`` after ``deadline_s`` seconds."""
        self._followed = (status, time.monotonic() + deadline_s, overdue)

    def when(self, happened: Callable[[], bool], call: Callable[[], None]) -> None:
        """Call something once a look finds that something has happened."""
        self._waiting.append((happened, call))

    def _call_what_waits(self) -> None:
        # Others append meanwhile; only this thread takes away.
        for waiting in tuple(self._waiting):
            happened, call = waiting
            if happened():
                self._waiting.remove(waiting)
                call()

    def _look(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            self._call_what_waits()
            followed = self._followed
            if followed is None or followed[0].done:
                continue
            status, until, overdue = followed
            error = next((e for ask in self._complaints if (e := ask()) is not None), None)
            if error is None and time.monotonic() > until:
                error = overdue
            if error is not None and not status.done:
                end_status(status, error)
