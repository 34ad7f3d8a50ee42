"""Interrupts a count of one point in the middle of its exposure, as a person at the prompt does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from bluesky import RunEngine
from bluesky import plans as bp
from bluesky.utils import RunEngineInterrupted

INTERRUPTIONS = ("stop", "abort", "halt", "resume")
SHORT_S = 0.001

Documents = list[tuple[str, dict[str, Any]]]
Watcher = Callable[[int], None]


def interrupted(
    engine: RunEngine,
    detector: Any,
    interruption: str,
    watch: Callable[[Watcher], None],
    cut_short: Callable[[], None],
) -> Documents:
    """Documents of a count that is paused while Acquire is 1, and then stopped or resumed.

    ``watch`` calls its argument with each value of Acquire. Before a resume ``cut_short`` ends
    the exposure: the point that the engine repeats is to be a short one.
    """
    documents: Documents = []
    paused = threading.Event()

    def pause_once(value: int) -> None:
        if value == 1 and not paused.is_set():
            paused.set()
            threading.Thread(target=engine.request_pause, daemon=True).start()

    watch(pause_once)
    try:
        engine(bp.count([detector]), lambda name, doc: documents.append((name, doc)))
    except RunEngineInterrupted:
        if interruption == "resume":
            cut_short()
        getattr(engine, interruption)()
    assert paused.is_set(), "Acquire never rose"
    return documents


def interrupted_ophyd(detector: Any, interruption: str) -> Documents:
    """The same for a device of classic ophyd."""
    acquire = detector.cam.acquire

    def cut_short() -> None:
        acquire.put(0, wait=True)
        detector.cam.acquire_time.put(SHORT_S, wait=True)

    watching: list[int] = []

    def watch(watcher: Watcher) -> None:
        watching.append(acquire.subscribe(lambda value, **_: watcher(int(value)), run=False))

    try:
        return interrupted(RunEngine(), detector, interruption, watch, cut_short)
    finally:
        acquire.unsubscribe(watching[0])
