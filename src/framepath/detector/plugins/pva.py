"""Pva1: the last frame as ``Pva1:Image``, an NTNDArray for PV Access clients."""

from __future__ import annotations

import threading

from p4p.server import Server, StaticProvider
from p4p.server.thread import SharedPV

from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.pva_value import empty, ntndarray
from framepath.spec.frame import Frame

INTERVAL_S = 0.05
"""At most 20 pictures a second: posting one takes longer than many detectors' frames."""


class PvaImage:
    """Posts frames from a thread of its own; those that come faster replace each other.

    The server cannot start before the IOC's own, whose port it would take: it starts on the
    plugin's thread, which runs when the IOC does. It has a TCP port of its own; searches on the
    IOC's UDP port find it.
    """

    def __init__(self, plugin: Plugin) -> None:
        self._pv_name = plugin.port.pv("Image")
        self._pv = SharedPV(initial=empty())
        self._server: Server | None = None
        self._changed = threading.Condition()
        self._waiting: Frame | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="Pva1 post", daemon=True)
        plugin.port.publish("PvName", self._pv_name)
        plugin.run_soon(self._serve)

    def _serve(self) -> None:
        provider = StaticProvider("Pva1")
        provider.add(self._pv_name, self._pv)
        self._server = Server(
            providers=[provider], conf={"EPICS_PVAS_SERVER_PORT": "0"}, useenv=True
        )
        self._thread.start()

    def process(self, frame: Frame) -> Frame:
        """Let the frame be posted soon, unless a newer one comes first."""
        with self._changed:
            self._waiting = frame
            self._changed.notify()
        return frame

    def lost(self, frame: Frame, reason: str) -> None:
        """A picture that nobody saw; the counters say so."""

    def close(self) -> None:
        """Stop the server."""
        self._ended.set()
        with self._changed:
            self._changed.notify()
        if self._server is not None:
            self._thread.join(5.0)
            self._server.stop()

    def _work(self) -> None:
        while not self._ended.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._ended.is_set())
                frame, self._waiting = self._waiting, None
            if frame is not None:
                self._pv.post(ntndarray(frame))
                self._ended.wait(INTERVAL_S)
