"""The publisher: writes paced readbacks twenty times a second."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from framepath.detector.port import Port

INTERVAL_S = 0.05


class Publisher:
    """A thread that flushes ports; who needs one's values out now calls `Port.flush` itself."""

    def __init__(self, ports: Iterable[Port], interval_s: float = INTERVAL_S) -> None:
        self._ports = tuple(ports)
        self._interval_s = interval_s
        self._flushing = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def stop(self) -> None:
        """End after a last flush."""
        self._stop.set()
        self._thread.join(2.0)

    def flush(self) -> None:
        """Show what changed on every port; when it returns no flush of the thread is half done.

        Not for put handlers: one may hold a record that the thread is about to write.
        """
        with self._flushing:
            for port in self._ports:
                port.flush()

    def _work(self) -> None:
        while not self._stop.wait(self._interval_s):
            self.flush()
        self.flush()
