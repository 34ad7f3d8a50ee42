"""Which plugin gets frames from which: NDArray ports by name, and how many frames are under way."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from framepath.detector.port import PutRefused
from framepath.spec.frame import Frame


class Receiver(Protocol):
    """A plugin as the port that feeds it sees it."""

    def offer(self, frame: Frame) -> None:
        """Take a frame, or count it as dropped; does not block unless the plugin is blocking."""
        ...


@dataclass(frozen=True, slots=True)
class _Wish:
    receiver: Receiver
    source: str
    address: int
    name: str


class Graph:
    """The ports of one IOC and their receivers.

    Parameters
    ----------
    with_addresses
        Ports that send different arrays at different addresses. On the others every address is
        the same, as on a port of asyn that is not multi-device.
    """

    def __init__(self, with_addresses: Iterable[str] = ()) -> None:
        self._with_addresses = frozenset(with_addresses)
        self._receivers: dict[tuple[str, int], tuple[Receiver, ...]] = {}
        self._wishes: list[_Wish] = []
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._n_queued = 0

    def connect(self, receiver: Receiver, source: str, address: int = 0, name: str = "") -> None:
        """Feed ``receiver`` from the port ``source`` (not there yet, or never: then nothing).

        ``name`` is the port that the receiver itself sends from, "" when it sends nothing on.

        Raises
        ------
        PutRefused
            Its own frames would come back to it and go round for ever; nothing changes.
        """
        with self._lock:
            others = [wish for wish in self._wishes if wish.receiver is not receiver]
            self._refuse_loop(others, name, source)
            self._wishes = [*others, _Wish(receiver, source, address, name)]
            receivers: dict[tuple[str, int], tuple[Receiver, ...]] = {}
            for wish in self._wishes:
                key = (wish.source, self._effective(wish.source, wish.address))
                receivers[key] = (*receivers.get(key, ()), wish.receiver)
            self._receivers = receivers

    @staticmethod
    def _refuse_loop(others: list[_Wish], name: str, source: str) -> None:
        sources = {wish.name: wish.source for wish in others if wish.name}
        way = [name, source]
        while way[-1] != name and way[-1] in sources:
            way.append(sources[way[-1]])
        if name and way[-1] == name:
            raise PutRefused(
                "a plugin cannot get its frames from itself",
                found=f"NDArrayPort {source!r}, so frames would go " + " -> ".join(way[::-1]),
                expected="a chain that begins at the camera",
                where=name,
                next_step="choose another NDArrayPort; to turn a chain round, "
                "let its last plugin take frames from the camera first",
            )

    def _effective(self, source: str, address: int) -> int:
        return address if source in self._with_addresses else 0

    def send(self, source: str, frame: Frame, address: int = 0) -> None:
        """Offer a frame to every receiver of a port and address."""
        for receiver in self._receivers.get((source, address), ()):
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
