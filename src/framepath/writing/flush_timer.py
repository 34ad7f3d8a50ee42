"""Flush a file whose frames pause, so that readers see the last ones too."""

from __future__ import annotations

import threading
from collections.abc import Callable


class FlushTimer:
    """Calls ``flush`` every ``interval_s`` seconds in a daemon thread until stopped.

    The thread is not waited for: whoever stops it may hold the lock that ``flush`` wants.
    """

    def __init__(self, interval_s: float, flush: Callable[[], None]) -> None:
        self._interval_s = interval_s
        self._flush = flush
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="flush", daemon=True).start()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            self._flush()

    def stop(self) -> None:
        """No further flush begins."""
        self._stopped.set()
