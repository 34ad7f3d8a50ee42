"""Documents into a catalog without a plan ever waiting for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from tiled.client.container import Container

from framepath.acquire.documents.delivery import (
    RETRYABLE,
    UNDELIVERABLE,
    Delivery,
    back_off_s,
    is_complete,
    remove_partial,
    will_pass,
)
from framepath.acquire.documents.journal import Journal, JournalReader, leftover_journals
from framepath.acquire.documents.orphans import close_orphan
from framepath.errors import CatalogError, FramepathError

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.1
"""Seconds between looks for documents of a run in progress; for frames nobody waits so long."""

APART_S = 0.03
"""Seconds between deliveries at least: frames that come faster share a request."""

FRAMES = ("stream_datum", "datum")
"""Documents that somebody may be waiting for; the others wait for the next look."""

BATCH = 2000
"""Documents in memory at a time, however far the catalog is behind."""


class _Anothers(Exception):
    """A run that another writer delivers: two on an engine, or one beside a TiledWriter."""


class _Run:
    """One run between its journal and the catalog."""

    def __init__(self, path: Path, journal: Journal | None) -> None:
        self.path = path
        self.journal = journal
        self.reader = JournalReader(path)
        self.delivery: Delivery | None = None
        self.is_stopped = journal is None
        self.is_behind = False
        self.was_begun = journal is None  # by the session that left it, maybe
        self.is_anothers = False
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
        self._has_frames = False
        self._has_failed = False
        self._failures = 0
        self._given_up: dict[str, str] = {}
        self.last_error: Exception | None = None
        for path in leftover_journals(self._folder):
            self._runs[path.stem] = _Run(path, None)
            self._close_orphan(path)
        self._thread = threading.Thread(target=self._work, name="framepath-documents", daemon=True)
        self._thread.start()

    def _close_orphan(self, path: Path) -> None:
        try:
            close_orphan(path)
        except (OSError, FramepathError) as error:
            # Damaged, or of another account: delivering it will say so, and keep it.
            log.error(
                "a journal cannot be closed", extra={"path": str(path), "reason": repr(error)}
            )

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
        elif name in FRAMES and not self._has_frames:
            with self._lock:
                self._has_frames = True
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
                found=", ".join(refused.values()) or self._last_answer(),
                where=", ".join(str(self._folder / f"{u}.jsonl") for u in (*late, *refused)),
                next_step="when the catalog answers: framepath documents replay FILE",
            ) from self.last_error

    def _last_answer(self) -> str:
        error = self.last_error
        return "no answer yet" if error is None else f"{type(error).__name__}: {error}"

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
            self._has_frames = False
            self._has_failed = False
            for run in runs:
                self._deliver(run)
            self._failures = self._failures + 1 if self._has_failed else 0
            with self._lock:
                if self._failures:
                    self._lock.wait(back_off_s(self._failures))
                elif not any(run.is_stopped or run.is_behind for run in self._runs.values()):
                    self._lock.wait_for(self._is_ending, APART_S)
                    self._lock.wait_for(self._is_awaited, LOOK_EVERY_S - APART_S)

    def _is_awaited(self) -> bool:
        return self._has_frames or self._is_ending()

    def _is_ending(self) -> bool:
        return self._ended or any(run.is_stopped for run in self._runs.values())

    def _deliver(self, run: _Run) -> None:
        was_stopped = run.is_stopped
        if run.refused is not None:
            self._give_up(run, run.refused)
            return
        if run.is_anothers and not was_stopped:
            return
        try:
            client = self._catalog() if callable(self._catalog) else self._catalog
            self._send_new(run, client)
        except _Anothers:
            self._stand_by(run)
        except (FramepathError, *UNDELIVERABLE) as error:
            self._failed(run, error, give_up=True)
        except RETRYABLE as error:
            self._failed(run, error, give_up=not will_pass(error))
        else:
            if was_stopped and not run.is_behind:
                self._done(run)

    def _send_new(self, run: _Run, client: Container) -> None:
        documents = run.reader.read(BATCH)
        run.is_behind = len(documents) == BATCH
        if not documents:
            if run.delivery is not None:
                run.delivery.send_rows()
            return
        if run.delivery is None and not self._begin(run, client):
            run.is_behind = False
        else:
            self._send(run, documents)

    def _begin(self, run: _Run, client: Container) -> bool:
        """Begin to deliver; False when the catalog has the run, and nobody here has begun it.

        Its session died between delivery and removal of the journal, or another writer was faster.
        """
        known = is_complete(client, run.uid)
        if known and (run.journal is None or not run.was_begun):
            return False
        if known is not None and not run.was_begun:
            raise _Anothers
        if known is not None:
            remove_partial(client, run.uid)
        run.delivery = Delivery(client)
        return True

    def _send(self, run: _Run, documents: list[tuple[str, dict[str, Any]]]) -> None:
        assert run.delivery is not None
        was_begun, run.was_begun = run.was_begun, True
        try:
            run.delivery.send(documents)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != HTTPStatus.CONFLICT or was_begun:
                raise
            run.was_begun = False  # another writer has put it there since we looked
            raise _Anothers from error

    def _stand_by(self, run: _Run) -> None:
        """Leave a run to the writer that has begun it; once it has ended, see whether it is whole.

        Removing what another writer has half delivered would make that one fail.
        """
        run.begin_again()
        if not run.is_anothers:
            run.is_anothers = True
            log.warning(
                "another writer takes this run to the catalog; give an engine one of them only",
                extra={"run_uid": run.uid},
            )
        elif run.is_stopped:
            self.last_error = CatalogError(
                "the writer that began this run has not delivered the whole of it",
                where=run.uid,
                next_step="framepath documents replay, once that writer has ended",
            )
            self._has_failed = True

    def _failed(self, run: _Run, error: Exception, give_up: bool) -> None:
        self.last_error = error
        run.begin_again()
        if give_up:
            run.refused = error
            self._give_up(run, error)
        else:
            self._has_failed = True

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
