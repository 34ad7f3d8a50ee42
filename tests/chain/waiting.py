"""Waiting in tests: for a condition, with a deadline, never for a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

DEADLINE_S = 60.0
POLL_S = 0.005


def wait_for(condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    until = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < until, f"{what}: not within {deadline_s:g} s"
        threading.Event().wait(POLL_S)
