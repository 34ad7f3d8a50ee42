"""Time from the driver's time stamp of a frame to HDF1's thread, at rest and at full rate."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from p4p.client.thread import Context

from benchmarks.detector.pipeline import PLUGINS, SHOWN_EVERY_S
from benchmarks.detector.servers import PREPARED, Ioc, epics, running
from benchmarks.harness import Row, row
from benchmarks.writing.pairs import load

N_FRAMES = 4000
N_IDLE = 400
RUNS = 3
FULL_RATE, IDLE_RATE = 2000, 100
PERCENTILES = (50, 95, 99)


def _handoffs_us(ioc: Ioc, path: Path, n_frames: int, rate: float) -> np.ndarray[Any, Any]:
    ioc.put("cam1", NumImages=n_frames, AcquirePeriod=1 / rate)
    ioc.put("HDF1", WriteFile=1)  # forget the frames before
    ioc.put("cam1", Acquire=1)
    ioc.put("HDF1", WriteFile=1)
    times = np.load(path)
    assert len(times) == n_frames, f"HDF1 had {len(times)} of {n_frames} frames"
    return times


def _idle_us(ioc: Ioc, path: Path) -> list[np.ndarray[Any, Any]]:
    """HDF1 alone, nobody watching."""
    for plugin in PLUGINS[1:]:
        ioc.put(plugin, EnableCallbacks=0)
    return [_handoffs_us(ioc, path, N_IDLE, IDLE_RATE) for _ in range(RUNS)]


def _busy_us(ioc: Ioc, path: Path) -> list[np.ndarray[Any, Any]]:
    """All four plugins, a picture client of each protocol."""
    for plugin in PLUGINS[1:]:
        ioc.put(plugin, EnableCallbacks=1)
    with Context("pva") as pva:
        watching = pva.monitor(f"{ioc.prefix}Pva1:Image", lambda picture: None)
        watched = epics.PV(f"{ioc.prefix}image1:ArrayData", auto_monitor=True)
        watched.wait_for_connection()
        try:
            return [_handoffs_us(ioc, path, N_FRAMES, FULL_RATE) for _ in range(RUNS)]
        finally:
            watching.close()
            watched.disconnect()


def handoff() -> Iterator[Row]:
    """95 and 99 of 100 frames, at 2000 frames/s as a ratio to 100 frames/s and HDF1 alone."""
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "handoffs.npy"
        with running((*PREPARED, "--handoffs", str(path))) as ioc:
            ioc.put("cam1", ImageMode=1, AcquireTime=0, WaitForPlugins=1, ArrayCallbacks=1)
            ioc.put("image1", MinCallbackTime=SHOWN_EVERY_S)
            ioc.put("Stats1", ComputeStatistics=0)
            for plugin in PLUGINS:
                ioc.put(plugin, QueueSize=N_FRAMES)
            ioc.put("HDF1", EnableCallbacks=1)
            idle, busy = _idle_us(ioc, path), _busy_us(ioc, path)
    at_rest = np.median([np.percentile(times, PERCENTILES) for times in idle], axis=0)
    at_rate = np.median([np.percentile(times, PERCENTILES) for times in busy], axis=0)
    for percentile, rest, rate in zip(PERCENTILES[1:], at_rest[1:], at_rate[1:], strict=True):
        note = (
            f"{rate:.0f} us at {FULL_RATE} frames/s with HDF1 Stats1 image1 Pva1 and two picture "
            f"clients, {rest:.0f} us at {IDLE_RATE} frames/s with HDF1 alone; medians "
            f"{at_rate[0]:.0f} and {at_rest[0]:.0f} us; load {before:.2f}"
        )
        yield row(
            *(f"detector/handoff-p{percentile}-vs-idle", rate / rest, "", "the idle case", RUNS),
            note=note,
        )
