"""One line on the terminal while a run goes on: frames stored of frames asked, rate, time left."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from bluesky import RunEngine

from framepath.acquire.devices.detector import FrameDetector

DRAW_EVERY_S = 0.2
QUIET_S = 0.5
"""Seconds of a run before its line appears: a short run shows none."""

RATE_OVER_S = 15.0
"""Seconds that the rate is a mean of."""

BAR, LEAST_BAR = 20, 5
"""Characters of the bar; a narrow terminal has a shorter one, or none."""

USUAL_WIDTH = 80
"""Columns of a terminal that does not say."""

ERASE = "\r\x1b[K"


def keep_progress(engine: RunEngine, stream: TextIO | None = None) -> FrameProgress | None:
    """Show the progress of an engine's runs; None, and nothing, where there is no terminal.

    ``stream`` None is standard error.

    It takes the engine's ``waiting_hook``: the line is there while the engine waits, and gone
    before documents are emitted, so that tables printed by other callbacks stay whole.
    """
    terminal = stream or sys.stderr
    if not terminal.isatty():
        return None
    progress = FrameProgress(terminal)
    progress.subscription = engine.subscribe(progress.on_document)
    hooked: Any = engine
    hooked.waiting_hook = progress.on_wait
    return progress


class Pace:
    """Frames stored over time: rate and time left."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, now: float, n_stored: int) -> None:
        """Take a count at a time, seconds on any clock."""
        self._samples.append((now, n_stored))
        while len(self._samples) > 2 and now - self._samples[1][0] > RATE_OVER_S:
            self._samples.popleft()

    @property
    def rate_hz(self) -> float:
        """Frames a second over the last `RATE_OVER_S`; 0 before it can be told."""
        if len(self._samples) < 2:
            return 0.0
        (before, n_before), (now, n_now) = self._samples[0], self._samples[-1]
        # Fewer than before: somebody else has begun another file on the detector.
        return max(n_now - n_before, 0) / (now - before) if now > before else 0.0

    def left_s(self, n_left: int) -> float | None:
        """Seconds until so many more are stored; None while nothing comes."""
        return n_left / self.rate_hz if self.rate_hz > 0 else None


def line_of(name: str, n_stored: int, n_asked: int | None, pace: Pace, width: int) -> str:
    """The text for one detector, at most ``width`` characters; ``n_asked`` None is open-ended."""
    rate = f"{pace.rate_hz:.1f} frames/s"
    if not n_asked:
        return f"{name} {n_stored} frames stored, {rate}"[:width]
    done = min(n_stored / n_asked, 1.0)
    left_s = pace.left_s(max(n_asked - n_stored, 0))
    left = "" if left_s is None else f", {_clock(left_s)} left"
    before, after = f"{name} {n_stored}/{n_asked} frames ", f"{100 * done:.0f} %, {rate}{left}"
    room = min(BAR, width - len(before) - len(after) - len("[] "))
    filled = round(done * room)
    bar = f"[{'#' * filled}{'.' * (room - filled)}] " if room >= LEAST_BAR else ""
    return f"{before}{bar}{after}"[:width]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class FrameProgress:
    """Draws the line of a run on a terminal.

    Parameters
    ----------
    stream
        The terminal.

    Attributes
    ----------
    subscription
        Token of its subscription to documents.
    """

    subscription: int

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._start: Mapping[str, Any] = {}
        self._began = 0.0
        self._paces: dict[FrameDetector, Pace] = {}
        self._waits = self._is_drawn = False

    def on_document(self, name: str, document: Mapping[str, Any]) -> None:
        """Begin with a run and end with it."""
        if name == "start":
            self._ended.set()  # of a run inside another one only the inner is shown
            with self._lock:
                self._start, self._began = document, time.monotonic()
                self._paces, self._ended = {}, threading.Event()
            arguments = (self._ended,)
            threading.Thread(
                target=self._draw_until, args=arguments, name="framepath-progress", daemon=True
            ).start()
        elif name == "stop" and document["run_start"] == self._start.get("uid"):
            self._ended.set()
            self._close()

    def on_wait(self, statuses: Iterable[Any] | None) -> None:
        """The engine's ``waiting_hook``: it begins to wait, or goes on."""
        with self._lock:
            self._waits = statuses is not None
            if statuses is None:
                self._erase()
                return
            for status in statuses:
                detector = getattr(status, "device", None)
                if isinstance(detector, FrameDetector) and detector not in self._paces:
                    self._paces[detector] = Pace()
            self._draw()

    def _draw_until(self, ended: threading.Event) -> None:
        while not ended.wait(DRAW_EVERY_S):
            with self._lock:
                for detector, pace in self._paces.items():
                    pace.add(time.monotonic(), detector.file_logic.n_stored())
                if self._waits and not ended.is_set():
                    self._draw()

    def _draw(self) -> None:
        if self._paces and time.monotonic() - self._began > QUIET_S:
            self._stream.write(ERASE + self._text())
            self._stream.flush()
            self._is_drawn = True

    def _erase(self) -> None:
        if self._is_drawn:
            self._stream.write(ERASE)
            self._stream.flush()
            self._is_drawn = False

    def _text(self) -> str:
        width = (os.get_terminal_size(self._stream.fileno()).columns or USUAL_WIDTH) - 1
        each = [
            line_of(det.name, det.file_logic.n_stored(), self._n_asked(det), pace, width)
            for det, pace in self._paces.items()
        ]
        return "   ".join(each)[:width]

    def _n_asked(self, detector: FrameDetector) -> int | None:
        if "num_frames" in self._start:
            return int(self._start["num_frames"])
        n_points = self._start.get("num_points")
        return n_points * detector.frames_per_point if n_points else None

    def _close(self) -> None:
        """Leave the last word of a run whose line was seen."""
        with self._lock:
            seconds = time.monotonic() - self._began
            self._erase()
            if seconds > QUIET_S:
                for detector in self._paces:
                    asked = self._n_asked(detector)
                    of_asked = f" of {asked}" if asked else ""
                    counted = sum(entry.stored for entry in detector.ledger)
                    n_stored = counted if detector.ledger else detector.file_logic.n_stored()
                    told = f"{n_stored}{of_asked} frames stored"
                    self._stream.write(f"{detector.name} {told} in {_clock(seconds)}\n")
                self._stream.flush()
