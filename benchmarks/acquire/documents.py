"""What a document costs the RunEngine's thread, and whether a long run costs memory."""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bluesky import RunEngine
from bluesky import plans as bp
from bluesky_tiled_plugins import TiledWriter
from event_model import compose_run
from ophyd.sim import SynAxis
from tiled.client import from_uri
from tiled.client.container import Container

from benchmarks.catalog_servers import our_server
from benchmarks.harness import Row, row
from framepath.acquire import DocumentWriter
from framepath.errors import CatalogError

N_EVENTS = 300
N_STOCK_EVENTS = 20
PAIRS = 5
N_LONG_RUN = 100_000
WARM_EVENTS = 5_000

Document = tuple[str, dict[str, Any]]


def run_of(n_events: int) -> Iterator[Document]:
    """Documents of a count: events with a few numbers each."""
    run = compose_run()
    keys = {name: {"source": "s", "dtype": "number", "shape": []} for name in "abcdef"}
    described = run.compose_descriptor(
        name="primary", data_keys=keys, object_keys={}, configuration={}
    )
    yield "start", dict(run.start_doc)
    yield "descriptor", dict(described.descriptor_doc)
    for n in range(n_events):
        data = dict.fromkeys(keys, n + 0.5)
        event = described.compose_event(data=data, timestamps=data, validate=False)
        yield "event", dict(event)
    yield "stop", dict(run.compose_stop())


def _ms_an_event(callback: Callable[[str, dict[str, Any]], object], n_events: int) -> float:
    """Median milliseconds that the callback keeps its caller for an event."""
    spent = []
    for name, document in run_of(n_events):
        began = time.perf_counter()
        callback(name, document)
        if name == "event":
            spent.append(time.perf_counter() - began)
    return 1e3 * statistics.median(spent)


def event_cost() -> Iterator[Row]:
    """Milliseconds an event on the RunEngine's thread, ours and stock TiledWriter's."""
    with (
        tempfile.TemporaryDirectory() as folder,
        our_server(Path(folder), Path(folder)) as (served, _),
    ):
        catalog = from_uri(served.uri_with_key)
        writer = DocumentWriter(catalog, folder=Path(folder) / "journals")
        ours = _ms_an_event(writer, N_EVENTS)
        writer.close()
        stock = _ms_an_event(TiledWriter(catalog, batch_size=1), N_STOCK_EVENTS)
        catalog.context.close()
    note = f"stock TiledWriter with batch_size 1: {stock:.1f} ms"
    yield row("acquire/writer-ms-an-event", ours, "<= 1", "", N_EVENTS, "ms", note)
    yield row(
        "acquire/writer-vs-tiledwriter", ours / stock, "", "TiledWriter, batch_size 1", N_EVENTS
    )


def without_a_server() -> Iterator[Row]:
    """Milliseconds that the writer adds to an event of a RunEngine while nobody takes documents."""

    def refused() -> Container:
        raise ConnectionRefusedError("no server at all")

    engine, motor = RunEngine(), SynAxis(name="motor")

    def ms_an_event() -> float:
        began = time.perf_counter()
        engine(bp.count([motor], num=N_EVENTS))
        return 1e3 * (time.perf_counter() - began) / N_EVENTS

    added, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        writer = DocumentWriter(refused, folder=Path(folder) / "journals")
        ms_an_event()
        for _ in range(PAIRS):
            bare.append(ms_an_event())
            token = engine.subscribe(writer)
            added.append(ms_an_event() - bare[-1])
            engine.unsubscribe(token)
        with contextlib.suppress(CatalogError):
            writer.close(0)
    yield row(
        "acquire/event-delay-without-a-server",
        statistics.median(added),
        "<= 1",
        "the same run without a writer",
        PAIRS,
        "ms",
        f"a run without a writer: {statistics.median(bare):.2f} ms an event",
    )


def memory() -> Iterator[Row]:
    """Growth of this process over a long run, once caches are warm, with the server delivering."""
    with (
        tempfile.TemporaryDirectory() as folder,
        our_server(Path(folder), Path(folder)) as (served, _),
    ):
        catalog = from_uri(served.uri_with_key)
        writer = DocumentWriter(catalog, folder=Path(folder) / "journals")
        before = 0.0
        for n, (name, document) in enumerate(run_of(N_LONG_RUN)):
            writer(name, document)
            if n == WARM_EVENTS:
                before = _resident_mb()
        writer.close(600)
        growth = _resident_mb() - before
        catalog.context.close()
    yield row(
        "acquire/memory-of-a-long-run",
        growth,
        "<= 50",
        f"the same run after {WARM_EVENTS} events",
        1,
        "MB",
        f"{N_LONG_RUN} events",
    )


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
