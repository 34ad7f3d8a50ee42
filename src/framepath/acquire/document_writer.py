"""Documents into a catalog without a plan ever waiting for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiled.client.container import Container

from framepath.acquire.delivery import (
    RETRYABLE,
    UNDELIVERABLE,
    Delivery,
    back_off_s,
    is_complete,
    remove_partial,
    will_pass,
)
from framepath.acquire.journal import Journal, JournalReader, leftover_journals
from framepath.errors import CatalogError, FramepathError

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
"""Seconds between deliveries of a run in progress, so that live clients see it grow."""

BATCH = 2000
"""Documents in memory at a time, however far the catalog is behind."""


class _Run:
    """One run between its journal and the catalog."""

    def __init__(self, path: Path, journal: Journal | None) -> None:
        self.path = path
        self.journal = journal
        self.reader = JournalReader(path)
        self.delivery: Delivery | None = None
        self.is_stopped = journal is None
        self.is_behind = False
        self.refused: Exception | None = None

    @property
    def uid(self) -> str:
        return self.path.stem

    def begin_again(self) -> None:
        self.delivery = None
        self.reader.rewind()


class DocumentWriter:
    """A callback for ``RE.subscribe`` that writes runs into a catalog, come what may.

    The RunEngine's thread only appends a line to a journal on disk. A thread of its own delivers
    what the journals hold through bluesky-tiled-plugins' TiledWriter. A server that is down,
    slow or restarted costs the plan nothing: delivery is tried again, a run that was half
    delivered is replaced, and the journal is removed once the catalog has the whole run. What a
    session leaves undelivered the next one delivers, or ``framepath documents replay``. The queue
    is the journal, so memory stays constant.

    Parameters
    ----------
    catalog
        Client of the container that takes the runs, or a callable that makes one (it is called
        on the thread, again after each failure; use it when the server may be down at the start).
    folder
        Where journals are kept; one folder may serve several sessions.
    keep
        Keep the journals of delivered runs too.
    """

    def __init__(
        self,
        catalog: Container | Callable[[], Container],
        *,
        folder: str | Path,
        keep: bool = False,
    ) -> None:
        self._catalog = catalog
        self._folder = Path(folder)
        self._keep = keep
        self._runs: dict[str, _Run] = {}
        self._run_of_parent: dict[str, str] = {}
        self._lock = threading.Condition()
        self._ended = False
        self._failures = 0
        self._given_up: dict[str, str] = {}
        self.last_error: Exception | None = None
        for path in leftover_journals(self._folder):
            self._runs[path.stem] = _Run(path, None)
        self._thread = threading.Thread(target=self._work, name="framepath-documents", daemon=True)
        self._thread.start()

    # On the RunEngine's thread

    def __call__(self, name: str, document: dict[str, Any]) -> None:
        """Take one document; the cost is one line in a file.

        Raises
        ------
        WriteFailed
            The journal cannot be written: the run would be lost.
        """
        run = self._run_of(name, document)
        if run is None or run.journal is None:
            log.error("a document belongs to no run that began here", extra={"document": name})
            return
        run.journal.append(name, document)
        if name == "stop":
            run.journal.close()
            with self._lock:
                run.is_stopped = True
                self._lock.notify_all()

    def _run_of(self, name: str, document: dict[str, Any]) -> _Run | None:
        if name == "start":
            uid = document["uid"]
            run = _Run(self._folder / f"{uid}.jsonl", Journal(self._folder, uid))
            with self._lock:
                self._runs[uid] = run
                self._lock.notify_all()
            return run
        uid = self._run_uid(name, document)
        with self._lock:
            return self._runs.get(uid)

    def _run_uid(self, name: str, document: dict[str, Any]) -> str:
        """Run of a document, which names it directly or by a descriptor or resource before it."""
        if name == "stop":
            uid = document["run_start"]
            of_others = {k: u for k, u in self._run_of_parent.items() if u != uid}
            self._run_of_parent = of_others
            return uid
        if "run_start" in document:
            return self._run_of_parent.setdefault(document["uid"], document["run_start"])
        parent = next(k for k in ("descriptor", "stream_resource", "resource") if k in document)
        return self._run_of_parent.get(document[parent], "")

    # Waiting and ending

    @property
    def undelivered(self) -> tuple[str, ...]:
        """Uids of runs that the catalog does not have whole yet."""
        with self._lock:
            return tuple(self._runs)

    def wait(self, deadline_s: float = 60.0) -> None:
        """Wait until the catalog has every run that has ended.

        Raises
        ------
        CatalogError
            It does not within ``deadline_s``; names the runs, the cause and their journals.
        """
        until = time.monotonic() + deadline_s
        with self._lock:
            while any(run.is_stopped for run in self._runs.values()):
                if not self._lock.wait(until - time.monotonic()):
                    break
            late = [run.uid for run in self._runs.values() if run.is_stopped]
            refused = dict(self._given_up)
        if late or refused:
            raise CatalogError(
                "runs did not reach the catalog",
                found=", ".join(refused.values()) or repr(self.last_error),
                where=", ".join(str(self._folder / f"{u}.jsonl") for u in (*late, *refused)),
                next_step="when the catalog answers: framepath documents replay FILE",
            ) from self.last_error

    def close(self, deadline_s: float = 60.0) -> None:
        """Wait as `wait` does, then end the thread; journals of undelivered runs stay."""
        try:
            self.wait(deadline_s)
        finally:
            with self._lock:
                self._ended = True
                self._lock.notify_all()
            self._thread.join(LOOK_EVERY_S)

    # On the delivering thread

    def _work(self) -> None:
        while not self._ended:
            with self._lock:
                runs = list(self._runs.values())
                if not runs:
                    self._lock.wait()
                    continue
            for run in runs:
                self._deliver(run)
            with self._lock:
                if self._failures:
                    self._lock.wait(back_off_s(self._failures))
                elif not any(run.is_stopped or run.is_behind for run in self._runs.values()):
                    self._lock.wait(LOOK_EVERY_S)

    def _deliver(self, run: _Run) -> None:
        was_stopped = run.is_stopped
        if run.refused is not None:
            self._give_up(run, run.refused)
            return
        try:
            client = self._catalog() if callable(self._catalog) else self._catalog
            self._send_new(run, client)
        except (FramepathError, *UNDELIVERABLE) as error:
            self._failed(run, error, give_up=True)
        except RETRYABLE as error:
            self._failed(run, error, give_up=not will_pass(error))
        else:
            self._failures = 0
            if was_stopped and not run.is_behind:
                self._done(run)

    def _send_new(self, run: _Run, client: Container) -> None:
        documents = run.reader.read(BATCH)
        run.is_behind = len(documents) == BATCH
        if not documents:
            return
        if run.delivery is None:
            known = is_complete(client, run.uid)
            if known and run.journal is None:
                run.is_behind = False  # the session that wrote it died between delivery and removal
                return
            if known is not None:
                remove_partial(client, run.uid)
            run.delivery = Delivery(client)
        run.delivery.send(documents)

    def _failed(self, run: _Run, error: Exception, give_up: bool) -> None:
        self.last_error = error
        run.begin_again()
        if give_up:
            run.refused = error
            self._give_up(run, error)
        else:
            self._failures += 1

    def _give_up(self, run: _Run, error: Exception) -> None:
        """Once a refused run has ended, leave it to ``framepath documents replay``."""
        if not run.is_stopped:
            return
        self._forget(run, refused=f"{run.uid}: {error!r}")
        log.error(
            "the catalog does not take a run; its documents stay in the journal",
            extra={"run_uid": run.uid, "path": str(run.path), "reason": repr(error)},
        )

    def _done(self, run: _Run) -> None:
        if not self._keep:
            run.path.unlink(missing_ok=True)
        self._forget(run)

    def _forget(self, run: _Run, refused: str = "") -> None:
        with self._lock:
            self._runs.pop(run.uid, None)
            if refused:
                self._given_up[run.uid] = refused
            self._lock.notify_all()
