"""A camera's PVs as pyepics sees them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import epics

from chain import iocs  # chooses the ports, so it comes before the EPICS client

DEADLINE_S = 30.0


class Pvs:
    """PVs below one prefix, e.g. ``T123456:cam1:``; setpoints and readbacks by suffix."""

    def __init__(self, ioc: iocs.RunningIoc, part: str = "cam1") -> None:
        self._prefix = f"{ioc.prefix}{part}:"
        self._known: dict[str, Any] = {}

    def pv(self, suffix: str) -> Any:
        if suffix not in self._known:
            self._known[suffix] = epics.PV(f"{self._prefix}{suffix}")
            assert self._known[suffix].wait_for_connection(DEADLINE_S), self._prefix + suffix
        return self._known[suffix]

    def __getitem__(self, suffix: str) -> Any:
        return self.pv(suffix).get(use_monitor=False, timeout=DEADLINE_S)

    def text(self, suffix: str) -> str:
        return self.pv(suffix).get(as_string=True, use_monitor=False, timeout=DEADLINE_S)

    def put(self, suffix: str, value: Any, wait: bool = True) -> None:
        """Put; a second put with ``wait`` before the first has completed stalls the client."""
        done = self.pv(suffix).put(value, wait=wait, timeout=DEADLINE_S)
        assert done == 1 or not wait, f"put to {suffix} did not complete: {done}"

    def put_all(self, **values: Any) -> None:
        for suffix, value in values.items():
            self.put(suffix, value)

    def until(self, suffix: str, is_it: Callable[[Any], bool] | Any) -> Any:
        """The value once it is the one wanted; read again and again until the deadline."""
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until:
            value = self[suffix]
            if is_it(value) if callable(is_it) else value == is_it:
                return value
        raise AssertionError(f"{self._prefix}{suffix} is still {self[suffix]!r}")

    def start(self, suffix: str, value: Any = 1) -> Callable[[], bool]:
        """Put with callback and return at once; the result says whether it has completed."""
        pv = self.pv(suffix)
        pv.put(value, use_complete=True)
        return lambda: pv.put_complete
