"""Documents of a run into a catalog: whole, once, and again when something went wrong."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import httpx
from bluesky_tiled_plugins import TiledWriter
from bluesky_tiled_plugins.writing.tiled_writer import RunNormalizer, concatenate_stream_datums
from tiled.client.container import Container

from framepath.acquire.documents.journal import Document

RETRYABLE = (httpx.TransportError, httpx.HTTPStatusError, OSError)
"""What a server that is down, restarting or overloaded answers with."""

UNDELIVERABLE = (
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What TiledWriter answers documents with that it cannot take; trying again will not help."""


ROWS_EVERY_S = 2.0
"""Seconds between appends to the tables of a run in progress; each costs the server 40 ms."""


def will_pass(error: Exception) -> bool:
    """Whether trying again can help: not for what the server refused by a 4xx status."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500 or error.response.status_code in (408, 429)
    return isinstance(error, RETRYABLE)


class _PacedNormalizer(RunNormalizer):
    """bluesky-tiled-plugins' normalizer, which also knows the writer behind it.

    TiledWriter appends to a table every ``batch_size`` events, a number fixed for a run: 1 costs
    0.1 s an event, 10000 shows nothing before the run ends. Here frames go at once, whatever the
    rows of events wait for.
    """

    def subscribe(self, func: Any, name: str = "all") -> Any:
        self.run_writer = func
        return super().subscribe(func, name)


class Delivery:
    """One run on its way into a catalog."""

    def __init__(self, client: Container) -> None:
        self._client = client
        self._normalizers: list[_PacedNormalizer] = []
        self._rows_due_s = 0.0
        self._writer = TiledWriter(client, normalizer=self._normalizer, batch_size=1)  # type: ignore[arg-type]

    def _normalizer(self, **keywords: Any) -> _PacedNormalizer:
        made = _PacedNormalizer(**keywords)
        self._normalizers.append(made)
        return made

    def send(self, documents: Iterable[tuple[str, Document]]) -> None:
        """Deliver documents that follow those already sent: frames at once, rows when due."""
        for name, document in merged(documents):
            for normalizer in self._normalizers:
                normalizer.run_writer._batch_size = sys.maxsize if name == "event" else 1
            self._writer(name, document)
        for normalizer in self._normalizers:
            _remember_sources(normalizer.run_writer)
        self.send_rows()

    def send_rows(self) -> None:
        """Append the rows of events that wait, `ROWS_EVERY_S` after those before; one request."""
        if time.monotonic() < self._rows_due_s:
            return
        for normalizer in self._normalizers:
            writer = normalizer.run_writer
            for stream, rows in writer._internal_data_cache.items():
                if rows:
                    writer._write_internal_data(rows, desc_node=writer._desc_nodes[stream])
                    rows.clear()
                    self._rows_due_s = time.monotonic() + ROWS_EVERY_S


def _remember_sources(writer: Any) -> None:
    """Let TiledWriter know its nodes' data sources: it asks for them again with every StreamDatum.

    That request costs a server as much as the update itself.
    """
    known: dict[str, Any] = {}
    for key, node in writer._sres_nodes.items():
        if node.uri not in known:
            known[node.uri] = node.include_data_sources()
        writer._sres_nodes[key] = known[node.uri]


def merged(documents: Iterable[tuple[str, Document]]) -> list[tuple[str, Document]]:
    """The same documents with runs of StreamDatum of one resource as one, pages as events.

    Each StreamDatum costs a request; consecutive ones say the same as their union. They come before
    the events that were between them: somebody may be waiting for the frames.
    """
    result: list[tuple[str, Document]] = []
    datums: dict[str, list[Any]] = defaultdict(list)
    events: list[tuple[str, Document]] = []

    def flush() -> None:
        for group in datums.values():
            result.extend(("stream_datum", d) for d in _joined(group))
        result.extend(events)
        datums.clear()
        events.clear()

    for name, document in documents:
        if name == "stream_datum":
            datums[document["stream_resource"]].append(document)
        elif name == "event_page":
            events.extend(("event", event) for event in _events(document))
        elif name == "event":
            events.append((name, document))
        else:
            flush()
            result.append((name, document))
    flush()
    return result


def _joined(datums: list[Any]) -> list[Any]:
    """Consecutive datums as one, where they are consecutive."""
    groups = [[datums[0]]]
    for datum in datums[1:]:
        last = groups[-1][-1]
        follows = all(last[k]["stop"] == datum[k]["start"] for k in ("indices", "seq_nums"))
        if follows and last["descriptor"] == datum["descriptor"]:
            groups[-1].append(datum)
        else:
            groups.append([datum])
    return [concatenate_stream_datums(*group) for group in groups]


def _events(page: Document) -> list[Document]:
    """Events of a page; event_model's own unpacking yields none when a page has no columns."""
    per_event = ("seq_num", "time", "uid")
    return [
        {
            "descriptor": page["descriptor"],
            **{key: page[key][i] for key in per_event},
            **{
                group: {key: column[i] for key, column in page.get(group, {}).items()}
                for group in ("data", "timestamps", "filled")
            },
        }
        for i in range(len(page["seq_num"]))
    ]


def is_complete(client: Container, run_uid: str) -> bool | None:
    """Whether a catalog has a run with its stop document; None when it has none of it."""
    run = client.get(run_uid)
    return None if run is None else bool(run.metadata.get("stop"))


def remove_partial(client: Container, run_uid: str) -> None:
    """Take a half-delivered run out of the catalog; image files are not touched."""
    client.delete_contents(run_uid, recursive=True, external_only=False)


def deliver_run(client: Container, documents: list[tuple[str, Document]]) -> bool:
    """Deliver a run; False when the catalog has it already. A half-delivered one is replaced.

    Whatever TiledWriter and the server raise goes through.
    """
    run_uid = documents[0][1]["uid"]
    known = is_complete(client, run_uid)
    if known:
        return False
    if known is not None:
        remove_partial(client, run_uid)
    Delivery(client).send(documents)
    return True


def back_off_s(n_failures: int) -> float:
    """Seconds to wait after so many failures in a row: 1, 2, 4, ... 30."""
    return min(30.0, 2.0 ** max(n_failures - 1, 0))
