"""Pva1: the last frame as ``Pva1:Image``, an NTNDArray for PV Access clients."""

from __future__ import annotations

import os
import threading
import time

from p4p.server import Server, StaticProvider
from p4p.server.thread import SharedPV

from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.pva_value import empty, ntndarray
from framepath.spec.frame import Frame

INTERVAL_S = 0.05
"""At most 20 pictures a second: posting one takes longer than many detectors' frames."""


class PvaImage:
    """Posts a frame at once; those that come faster wait in a thread and replace each other.

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
        self._posted_s = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="Pva1 post", daemon=True)
        plugin.port.publish("PvName", self._pv_name)
        plugin.run_soon(self._serve)

    def _serve(self) -> None:
        provider = StaticProvider("Pva1")
        provider.add(self._pv_name, self._pv)
        # Not `useenv`: the environment has the IOC's port, which would be tried, with a warning.
        told = {name: text for name, text in os.environ.items() if name.startswith("EPICS_PVAS_")}
        conf = {**told, "EPICS_PVAS_SERVER_PORT": "0"}
        self._server = Server(providers=[provider], conf=conf, useenv=False)
        self._thread.start()

    def process(self, frame: Frame) -> Frame:
        """Post the frame, or soon after the one before it, unless a newer one comes first."""
        with self._changed:
            if self._waiting is None and self._left_s() <= 0:
                self._post(frame)
            else:
                self._waiting = frame
                self._changed.notify()
        return frame

    def _left_s(self) -> float:
        """Seconds until a picture may be posted."""
        return self._posted_s + INTERVAL_S - time.monotonic()

    def _post(self, frame: Frame) -> None:
        self._waiting = None
        self._pv.post(ntndarray(frame))
        self._posted_s = time.monotonic()

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
                self._changed.wait_for(self._ended.is_set, max(0.0, self._left_s()))
                if self._waiting is not None:
                    self._post(self._waiting)
