"""Live frames: from the driver's time stamp to the pixels in another process's callback.

Detector, plan, server and subscriber share the machine, as they do nowhere else.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from bluesky import RunEngine
from bluesky import plans as bp
from tiled.client import from_uri

from benchmarks.catalog_servers import our_server, outgrown_server
from benchmarks.detector.servers import SIM, running
from benchmarks.harness import Row, row
from framepath.acquire import DocumentWriter, area_detector, configure_routing, frame_series
from framepath.spec.frame import EPICS_EPOCH_S

N_FRAMES = 300
RATE_HZ = 20
SIZE_YX = (514, 1030)
DETECTOR = "det"
RUN_KEY = "benchmark"
STREAM_S = 60.0
LIMIT = "<= 200"

Latencies = np.ndarray[Any, np.dtype[Any]]
"""Milliseconds (frames,) from the driver's time stamp."""

SUBSCRIBER = """
import json, sys, threading, time
from bluesky_tiled_plugins.streaming import subscribe_to_streams
from tiled.client import from_uri

ended, wanted, seen = threading.Event(), int(sys.argv[3]), 0

def on_frames(update):
    global seen
    called = time.time()
    pixels = update.data()
    first, n = update.update.patch.offset[0], update.update.patch.shape[0]
    print(json.dumps([first, n, called, time.time(), pixels.shape]), flush=True)
    seen += n
    if seen >= wanted:
        ended.set()

catalog = from_uri(sys.argv[1])
mine = lambda start: start.get("benchmark") == sys.argv[5]
streams = {"primary": sys.argv[2]}
with subscribe_to_streams(catalog, on_frames, streams=streams, metadata_filter=mine):
    print("ready", flush=True)
    if not ended.wait(float(sys.argv[4])):
        print("too late", flush=True)
"""


def live_frames() -> Iterator[Row]:
    """A series at 20 frames/s followed by a subscriber, on each kind of catalog."""
    yield from _on(our_server, "embedded")
    yield from _on(outgrown_server, "outgrown")


def _on(server: Callable[[Path, Path], Any], kind: str) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name, running(SIM) as ioc:
        data = Path(name) / "data"
        data.mkdir()
        with server(Path(name), data) as (served, _):
            det = _detector(ioc.prefix, data)
            plans = {
                "live-latency": partial(frame_series, det, images=N_FRAMES),
                "live-latency-points": partial(bp.count, [det], N_FRAMES, 1 / RATE_HZ),
            }
            for plan, make in plans.items():
                make = partial(make, md={RUN_KEY: plan})
                called, fetched, updates = _latencies_ms(make, det, served, Path(name) / "journals")
                p50, p95, worst = np.percentile(fetched, (50, 95, 100))
                note = f"{RATE_HZ} frames/s of 514x1030 uint16, pixels in hand in the callback; "
                note += f"{updates} updates; median {p50:.0f} ms, worst {worst:.0f} ms; callback "
                note += f"entered {np.percentile(called, 95):.0f} ms"
                yield row(
                    *(f"catalog/{plan}-{kind}-p95-ms", p95, LIMIT, "the driver's time stamp"),
                    *(1, "ms", note),
                )


def _detector(prefix: str, data: Path) -> Any:
    det = area_detector(prefix, name=DETECTOR, files=data)
    configure_routing(det)
    for part, value in (("size_y", SIZE_YX[0]), ("size_x", SIZE_YX[1])):
        getattr(det.cam.size, part).put(value)
    det.cam.data_type.put("UInt16")
    det.cam.acquire_time.put(0.01)
    det.cam.acquire_period.put(1 / RATE_HZ)
    return det


def _latencies_ms(
    plan: partial[Any], det: Any, served: Any, journals: Path
) -> tuple[Latencies, Latencies, int]:
    """To the callback and to the pixels in it, float64 (frames,); and how many updates came."""
    engine = RunEngine({})
    catalog = from_uri(served.uri_with_key)
    writer = DocumentWriter(catalog, folder=journals)
    engine.subscribe(writer)
    with _subscriber(served, plan.keywords["md"][RUN_KEY]) as subscriber:
        engine(plan())
        lines = [json.loads(line) for line in subscriber.stdout]
    writer.close()
    catalog.context.close()
    called, fetched = np.full((2, N_FRAMES), np.nan)
    for first, n, at_call, at_end, shape in lines:
        assert shape == [n, *SIZE_YX], shape
        called[first : first + n], fetched[first : first + n] = at_call, at_end
    with h5py.File(det.ledger[0].file) as file:
        taken = np.asarray(file["/entry/instrument/detector/NDAttributes/NDArrayTimeStamp"])
    assert not np.isnan(fetched).any(), "frames did not arrive"
    taken += EPICS_EPOCH_S
    return 1e3 * (called - taken), 1e3 * (fetched - taken), len(lines)


@contextlib.contextmanager
def _subscriber(served: Any, run: str) -> Iterator[Any]:
    arguments = [served.uri_with_key, f"{DETECTOR}_image", str(N_FRAMES), str(STREAM_S), run]
    with subprocess.Popen(
        [sys.executable, "-c", SUBSCRIBER, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    assert process.returncode == 0
