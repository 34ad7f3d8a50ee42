"""Count with ophyd-async's SimDetector and HDF writer; print what came as one JSON line.

python ophyd_async_client.py PREFIX FOLDER N_POINTS     (PREFIX may begin with pva://)
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from bluesky import RunEngine
from bluesky import plans as bp
from bluesky.run_engine import call_in_bluesky_event_loop
from ophyd_async.core import StaticPathProvider, UUIDFilenameProvider, init_devices
from ophyd_async.epics.adcore import ADWriterFactory
from ophyd_async.epics.adsimdetector import SimDetector


async def connected(prefix: str, folder: Path) -> SimDetector:
    writer = ADWriterFactory.hdf(StaticPathProvider(UUIDFilenameProvider(), folder))
    async with init_devices(timeout=20):
        det = SimDetector(prefix, writer, name="det")
    return det  # noqa: RET504 - it is connected, and named after its variable, when the block ends


def main(prefix: str, folder: Path, n_points: int) -> None:
    run_engine = RunEngine()
    det = call_in_bluesky_event_loop(connected(prefix, folder))
    documents: list[str] = []
    run_engine(bp.count([det], num=n_points), lambda name, _: documents.append(name))
    print(json.dumps(Counter(documents)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
