"""Runs that nobody will close: their session died, and its journal has no stop document."""

from __future__ import annotations

import fcntl
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from framepath.acquire.documents.journal import Document, JournalReader, encoded

REASON = "the session that took this run ended without closing it"

BATCH = 2000
"""Documents in memory at a time."""


def closing_stop(documents: Iterable[tuple[str, Document]]) -> Document | None:
    """The stop document that a run lacks; None when it has one, or has no start.

    The same documents give the same stop, uid included, so that closing twice changes nothing. Its
    time is that of the last document; it says nothing of when the session died.
    """
    run_uid, last_time = "", 0.0
    stream_of: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for name, document in documents:
        if name == "stop":
            return None
        if name == "start":
            run_uid, last_time = document["uid"], document["time"]
        elif name == "descriptor":
            stream_of[document["uid"]] = document["name"]
        elif name in ("event", "event_page"):
            n_events = len(document["seq_num"]) if name == "event_page" else 1
            counts[stream_of[document["descriptor"]]] += n_events
        times = document.get("time", last_time)
        last_time = max([last_time, *(times if isinstance(times, list) else [times])])
    if not run_uid:
        return None
    return {
        "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"framepath:stop:{run_uid}")),
        "time": last_time,
        "run_start": run_uid,
        "exit_status": "fail",
        "reason": REASON,
        "num_events": dict(counts),
    }


def close_orphan(path: Path) -> None:
    """Write the stop document that a journal lacks to its end; one in use is left alone.

    Raises
    ------
    FileUnreadable
        A line of it is not a document.
    """
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        reader = JournalReader(path)
        stop = closing_stop(_documents(reader))
        if stop is not None:
            file.truncate(reader.offset)  # the session's death may have cut its last line off
            file.seek(reader.offset)
            file.write(f"{encoded('stop', stop)}\n".encode())


def _documents(reader: JournalReader) -> Iterator[tuple[str, Document]]:
    while documents := reader.read(BATCH):
        yield from documents
