"""Which plugin gets frames from which: NDArray ports by name, and how many frames are under way."""

from __future__ import annotations

import threading
from typing import Protocol

from framepath.spec.frame import Frame


class Receiver(Protocol):
    """A plugin as the port that feeds it sees it."""

    def offer(self, frame: Frame) -> None:
        """Take a frame, or count it as dropped; does not block unless the plugin is blocking."""
        ...


class Graph:
    """The ports of one IOC and their receivers."""

    def __init__(self) -> None:
        self._receivers: dict[str, tuple[Receiver, ...]] = {}
        self._sources: dict[int, str] = {}
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._n_queued = 0

    def connect(self, receiver: Receiver, source: str) -> None:
        """Feed ``receiver`` from the port ``source`` (not there yet, or never: then nothing)."""
        with self._lock:
            old = self._sources.pop(id(receiver), None)
            if old is not None:
                kept = tuple(r for r in self._receivers[old] if r is not receiver)
                self._receivers[old] = kept
            self._sources[id(receiver)] = source
            self._receivers[source] = (*self._receivers.get(source, ()), receiver)

    def send(self, source: str, frame: Frame) -> None:
        """Offer a frame to every receiver of a port."""
        for receiver in self._receivers.get(source, ()):
            receiver.offer(frame)

    def queued(self) -> None:
        """A frame has entered a queue."""
        with self._lock:
            self._n_queued += 1

    def done(self) -> None:
        """A frame from a queue has been dealt with."""
        with self._idle:
            self._n_queued -= 1
            if self._n_queued == 0:
                self._idle.notify_all()

    @property
    def n_queued(self) -> int:
        """Frames in queues or in work (``NumQueuedArrays``)."""
        return self._n_queued

    def wait_idle(self, timeout_s: float | None = None) -> bool:
        """Wait until no plugin holds a frame; False when it took longer."""
        with self._idle:
            return self._idle.wait_for(lambda: self._n_queued == 0, timeout_s)
