"""Drive ophyd-async's SimDetector with its HDF writer; print the documents of each run as JSON.

python ophyd_async_client.py PREFIX FOLDER N_POINTS [stop|abort|halt|resume ...]

PREFIX may begin with pva://. First comes a run of N_POINTS, then for each further word one of a
single long exposure that is interrupted so. Each run has a line, and a folder below FOLDER named
``points`` or after the interruption.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

from bluesky import RunEngine
from bluesky import plans as bp
from bluesky.run_engine import call_in_bluesky_event_loop
from ophyd_async.core import SignalRW, StaticPathProvider, UUIDFilenameProvider, init_devices
from ophyd_async.epics.adcore import ADWriterFactory
from ophyd_async.epics.adsimdetector import SimDetector

from chain.detector.interruptions import SHORT_S, Watcher, interrupted

LONG_S = 60.0


async def connected(prefix: str, folder: Path) -> SimDetector:
    writer = ADWriterFactory.hdf(StaticPathProvider(UUIDFilenameProvider(), folder))
    async with init_devices(timeout=60):
        det = SimDetector(prefix, writer, name="det")
    return det  # noqa: RET504 - it is connected, and named after its variable, when the block ends


def interrupt(run_engine: RunEngine, det: SimDetector, interruption: str) -> list[str]:
    acquire, exposure = det.driver.acquire, det.driver.acquire_time

    async def watch_soon(watcher: Watcher) -> None:
        acquire.subscribe_reading(lambda reading: watcher(int(reading[acquire.name]["value"])))

    async def cut_short_soon() -> None:
        await acquire.set(False)
        await exposure.set(SHORT_S)

    call_in_bluesky_event_loop(_set(exposure, LONG_S))
    documents = interrupted(
        run_engine,
        det,
        interruption,
        lambda watcher: call_in_bluesky_event_loop(watch_soon(watcher)),
        lambda: call_in_bluesky_event_loop(cut_short_soon()),
    )
    return [name for name, _ in documents]


async def _set(signal: SignalRW[float], value: float) -> None:
    await signal.set(value)


def main(prefix: str, folder: Path, n_points: int, *interruptions: str) -> None:
    run_engine = RunEngine()
    for ending in ("points", *interruptions):
        (folder / ending).mkdir()
        det = call_in_bluesky_event_loop(connected(prefix, folder / ending))
        names: list[str] = []
        if ending == "points":
            call_in_bluesky_event_loop(_set(det.driver.acquire_time, SHORT_S))
            run_engine(bp.count([det], num=n_points), lambda name, _, seen=names: seen.append(name))
        else:
            names = interrupt(run_engine, det, ending)
        print(json.dumps({"run": ending, **Counter(names)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
    # At exit p4p's context is closed while the RunEngine's thread still has its event loop, which
    # has ended the process ("terminate called") after all was done.
    os._exit(0)
