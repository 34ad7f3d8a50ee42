"""The acquisition thread: image modes, exposure timing, triggers, stop, counters.

The order at the end of a run (counters, state, Acquire 0, put-callbacks, ``Acquire_RBV`` last) is
what clients that wait for the falling edge rely on: everything is in place when they see it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum

import numpy as np

from framepath.detector import geometry
from framepath.detector.camera import CameraPort
from framepath.detector.drivers.base import (
    Driver,
    Exposure,
    ExposureSettings,
    ImageMode,
    Shown,
    Value,
)
from framepath.detector.graph import Graph
from framepath.detector.pace import Pace
from framepath.detector.shutter import Shutter
from framepath.errors import FramepathError

log = logging.getLogger(__name__)


class DetectorState(IntEnum):
    """``DetectorState_RBV``, numbered as the record."""

    IDLE = 0
    ACQUIRE = 1
    READOUT = 2
    CORRECT = 3
    SAVING = 4
    ABORTING = 5
    ERROR = 6
    WAITING = 7
    INITIALIZING = 8
    DISCONNECTED = 9
    ABORTED = 10


class Acquisition:
    """Takes frames from a driver while ``Acquire`` is 1.

    ``show_all`` shows the values of every port before ``Acquire_RBV`` falls: who reads a plugin's
    results then must not get those of the frame before.
    """

    def __init__(
        self,
        camera: CameraPort,
        driver: Driver,
        graph: Graph,
        show_all: Callable[[], None] | None = None,
    ) -> None:
        self._camera = camera
        self._port = camera.port
        self._driver = driver
        self._graph = graph
        self._show_all = show_all or camera.port.flush
        self._shutter = Shutter(camera.port)
        self._start = threading.Event()
        self._stop = threading.Event()
        self._edge = threading.Lock()
        self._running = False
        self._ended = False
        self._thread = self._new_thread()
        self._port.on_put("Acquire", self._on_acquire)
        self._port.on_urgent_put("Acquire", lambda value: value == 0 and self._running)

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._work, name="acquisition", daemon=True)

    def start(self) -> None:
        """Be ready for Acquire = 1."""
        self._thread.start()

    def stop(self) -> None:
        """End an acquisition and the thread."""
        self._ended = True
        self._stop.set()
        self._start.set()
        self._thread.join(10.0)

    def _on_acquire(self, value: Value) -> Shown:
        if not value:
            self._stop.set()  # may run past the put lane; harmless when nothing runs
            return Shown.UNCHANGED
        with self._edge:
            if self._running or self._ended:
                self._port.do_not_wait("Acquire")
                return Shown.UNCHANGED
            self._running = True
            self._stop.clear()
            self._port.begin("Acquire")
            self._set_busy(1)
            self._port.publish(
                "StatusMessage", "Acquiring data"
            )  # not what the last one ended with
            self._port.publish("Acquire", 1)
            self._port.publish("NumImagesCounter", 0)
            self._port.flush()
            self._start.set()
        return Shown.UNCHANGED

    def _set_busy(self, value: int) -> None:
        self._port.publish("AcquireBusyCB", value)
        self._port.set_setpoint("AcquireBusy", value)

    def _work(self) -> None:
        try:
            while self._wait_for_start():
                self._acquire()
        except BaseException:
            # A fault that nobody foresaw ends this thread with its traceback in the log; the
            # camera can still be used.
            self._thread = self._new_thread()
            self._thread.start()
            raise

    def _wait_for_start(self) -> bool:
        self._start.wait()
        self._start.clear()
        return not self._ended

    def _acquire(self) -> None:
        state, message = DetectorState.ERROR, "The driver failed; see the log"
        try:
            state, message = self._run()
        except (FramepathError, OSError, ValueError, MemoryError) as error:
            log.exception("acquisition failed", extra={"prefix": self._port.prefix})
            out_of = "Out of memory: " if isinstance(error, MemoryError) else ""
            message = f"{out_of}{error}"
        finally:
            self._finish(state, message)

    # -- one acquisition

    def _run(self) -> tuple[DetectorState, str]:
        settings = self._camera.settings()
        self._camera.apply_region()
        try:
            self._driver.prepare(settings)
            n_wanted = self._n_frames(settings)
            index, pace = 0, Pace()
            while not self._stop.is_set() and (n_wanted is None or index < n_wanted):
                settings = self._camera.settings()
                if not self._take(settings, index, pace):
                    break
                index += 1
                if n_wanted is not None and index >= n_wanted:
                    break
                self._wait_period(pace)
        finally:
            self._driver.finish()
        if self._stop.is_set() and n_wanted is not None and index < n_wanted:
            return DetectorState.ABORTED, "Acquisition aborted"
        return DetectorState.IDLE, "Waiting for acquisition"

    def _n_frames(self, settings: ExposureSettings) -> int | None:
        own = self._driver.n_frames(settings)
        if own is not None:
            return own
        by_mode = {ImageMode.SINGLE: 1, ImageMode.MULTIPLE: settings.n_images}
        return by_mode.get(settings.image_mode)

    def _take(self, settings: ExposureSettings, index: int, pace: Pace) -> bool:
        """One frame; False ends the acquisition."""
        self._state(DetectorState.WAITING if settings.trigger_mode else DetectorState.ACQUIRE)
        asked_s = time.monotonic()
        if not self._driver.wait_for_trigger(settings, index, self._stop):
            return False
        pace.begin(asked_s, time.monotonic(), settings.period_s)
        self._state(DetectorState.ACQUIRE)
        exposure = self._exposures(settings, index)
        if exposure is None:
            return False
        self._state(DetectorState.READOUT)
        self._driver.taken(exposure, index)
        self._port.publish("NumImagesCounter", index + 1)
        if exposure.deliver:
            self._camera.deliver(exposure)
        return True

    def _exposures(self, settings: ExposureSettings, index: int) -> Exposure | None:
        """One exposure, or the sum of NumExposures; None when stopped or out of frames."""
        self._shutter.move(True)
        try:
            if not settings.shutter_open:
                settings = replace(settings, shutter_open=True)
            return self._summed_exposures(settings, index)
        finally:
            self._shutter.move(False)

    def _summed_exposures(self, settings: ExposureSettings, index: int) -> Exposure | None:
        sums: np.ndarray | None = None
        last: Exposure | None = None
        for n_done in range(settings.n_exposures):
            until = time.monotonic() + settings.exposure_s
            self._port.publish("NumExposuresCounter", n_done)
            last = self._driver.expose(settings, index)
            if last is None or self._expose_until(until):
                return None
            if settings.n_exposures > 1:
                wide = last.pixels.astype(geometry.wide(last.pixels.dtype))
                sums = wide if sums is None else sums + wide
        self._port.publish("NumExposuresCounter", settings.n_exposures)
        if last is None or sums is None:
            return last
        pixels = geometry.saturated(sums, last.pixels.dtype)
        return Exposure(pixels, last.frame_type, last.parameters, last.readbacks, last.deliver)

    def _expose_until(self, until: float) -> bool:
        """Wait for the end of an exposure; True when stopped before it."""
        while (left := until - time.monotonic()) > 0:
            self._port.publish("TimeRemaining", left)
            if self._stop.wait(min(left, 0.1)):
                return True
        self._port.publish("TimeRemaining", 0.0)
        return self._stop.is_set()

    def _wait_period(self, pace: Pace) -> None:
        left = pace.left_s(time.monotonic())
        if left > 0:
            self._state(DetectorState.WAITING)
            self._stop.wait(left)

    def _state(self, state: DetectorState) -> None:
        if self._port["DetectorState"] != state:
            self._port.publish("DetectorState", int(state))

    # -- the end

    def _finish(self, state: DetectorState, message: str) -> None:
        if self._port["WaitForPlugins"]:
            self._graph.wait_idle()
        self._port.publish("NumQueuedArrays", self._graph.n_queued)
        self._port.publish("TimeRemaining", 0.0)
        self._show_all()
        self._port.publish("StatusMessage", message)
        self._port.publish("DetectorState", int(state))
        with self._edge:  # a put of 1 that comes now begins after the falling edge
            self._running = False
            self._port.set_setpoint("Acquire", 0)
            self._set_busy(0)
            self._port.end("Acquire")
            self._port.publish("Acquire", 0)
