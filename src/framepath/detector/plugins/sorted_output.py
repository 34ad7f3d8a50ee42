"""Frames sent on in the order of their unique ids: ``SortMode``, ``SortTime``, ``SortSize``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from framepath.detector.drivers.base import Value
from framepath.detector.port import Port
from framepath.spec.frame import Frame

Count = Callable[[], None]


class SortedOutput:
    """Sends frames on as they come, or sorted.

    Sorted, a frame that is not the next one waits for those before it: at most ``SortTime``, and
    at most ``SortSize`` frames wait; what finds no room is counted in ``DroppedOutputArrays``.
    ``DisorderedArrays`` counts frames that follow neither the same id nor the one before, as
    gaps do too.

    Parameters
    ----------
    port
        The plugin's parameters.
    send
        Sends a frame on.
    waits, done
        Called when a frame begins to wait, and when it has been sent.
    """

    def __init__(self, port: Port, send: Callable[[Frame], None], waits: Count, done: Count):
        self._port = port
        self._send = send
        self._waits = waits
        self._done = done
        self._lock = threading.RLock()
        self._waiting: dict[int, tuple[Frame, float]] = {}
        self._last_id: int | None = None
        self._timer: threading.Timer | None = None
        port.on_put("SortMode", self._on_mode)
        port.on_put("SortSize", self._on_size)

    # -- puts

    def _on_mode(self, value: Value) -> None:
        with self._lock:
            self.begin_again()
            self._show_free(self._port.integer("SortSize"))

    def _on_size(self, value: Value) -> Value:
        size = max(1, int(value))  # type: ignore[arg-type]
        with self._lock:
            self._show_free(size)
        return size

    def _show_free(self, size: int) -> None:
        self._port.publish("SortFree", size - len(self._waiting))

    # -- frames

    def expect(self, first: Frame) -> None:
        """Say which frame is worked on first, where several are at once."""
        if self._last_id is None:
            self._last_id = first.unique_id - 1

    def begin_again(self) -> None:
        """Frames of another source follow, which counts its own."""
        with self._lock:
            self._send_waiting(everything=True)
            self._last_id = None

    def put(self, frame: Frame) -> None:
        """Send a frame on, now or when it is its turn."""
        if not self._port["SortMode"]:
            self._pass_on(frame)
            return
        with self._lock:
            if self._is_late(frame) or (not self._waiting and self._is_next(frame)):
                self._pass_on(frame)
            elif len(self._waiting) >= self._port.integer("SortSize"):
                dropped = self._port.integer("DroppedOutputArrays") + 1
                self._port.publish("DroppedOutputArrays", dropped)
            else:
                self._waits()
                self._waiting[frame.unique_id] = (frame, time.monotonic())
                self._send_waiting()
            self._show_free(self._port.integer("SortSize"))

    def close(self) -> None:
        """Send what waits."""
        with self._lock:
            self._send_waiting(everything=True)

    def _is_next(self, frame: Frame) -> bool:
        return self._last_id is None or frame.unique_id in (self._last_id, self._last_id + 1)

    def _is_late(self, frame: Frame) -> bool:
        """Frames behind it have been sent: to wait would help nobody."""
        return self._last_id is not None and frame.unique_id < self._last_id

    def _pass_on(self, frame: Frame) -> None:
        is_late = self._is_late(frame)
        if not self._is_next(frame):
            self._port.publish("DisorderedArrays", self._port.integer("DisorderedArrays") + 1)
        if not (is_late and self._port["SortMode"]):
            self._last_id = frame.unique_id
        self._send(frame)

    def _send_waiting(self, everything: bool = False) -> None:
        """Send the frames whose turn it is, or who have waited ``SortTime``."""
        oldest = time.monotonic() - self._port.number("SortTime")
        while self._waiting:
            first = min(self._waiting)
            frame, since = self._waiting[first]
            if not (everything or self._is_next(frame) or since <= oldest):
                break
            del self._waiting[first]
            self._pass_on(frame)
            self._done()
        self._look_again()

    def _look_again(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._timer = threading.Timer(self._port.number("SortTime"), self._on_time)
            self._timer.daemon = True
            self._timer.start()

    def _on_time(self) -> None:
        with self._lock:
            self._send_waiting()
            self._show_free(self._port.integer("SortSize"))
