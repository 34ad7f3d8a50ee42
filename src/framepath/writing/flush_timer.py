"""Flush a file whose frames pause, so that readers see the last ones too."""

from __future__ import annotations

import threading
from collections.abc import Callable


class FlushTimer:
    """Calls ``flush`` every ``interval_s`` seconds in a daemon thread until stopped."""

    def __init__(self, interval_s: float, flush: Callable[[], None]) -> None:
        self._interval_s = interval_s
        self._flush = flush
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flush", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            self._flush()

    def stop(self) -> None:
        """End the thread; a flush under way is finished first."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
