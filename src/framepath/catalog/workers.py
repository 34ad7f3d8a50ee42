"""Several server processes on one listening socket; they end together.

Workers are forked while this process has one thread and has not imported Tiled. The first
initialises the databases before the others start. What workers share is in PostgreSQL, Redis and
the signed handles, so any of them takes any request.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier

from framepath.errors import FramepathError, ProcessFailed

READY = "ready"
LEFT_S = 2.0
"""Time beyond the requests' own that a worker gets to end before it is killed."""

Run = Callable[[Callable[[], None], Callable[[], None]], None]
"""Serves until SIGTERM. It calls its first argument once it answers, and its second one once it has
stopped listening: that returns when all have, and only then may open connections be ended."""


class Workers:
    """The processes of one server.

    Parameters
    ----------
    run
        What each does.
    count
        How many.
    stop_within_s
        Time, s, that their open requests get at the end.
    """

    def __init__(self, run: Run, count: int, stop_within_s: float) -> None:
        self._run = run
        self._count = count
        self._stop_within_s = stop_within_s
        self._processes: dict[Connection, BaseProcess] = {}
        self._deaf = multiprocessing.get_context("fork").Barrier(count)
        self._asked, self._ask = multiprocessing.Pipe(duplex=False)

    def serve(self, announce: Callable[[], None]) -> None:
        """Start all, call ``announce`` once all answer, return after SIGTERM or Ctrl-C.

        Raises
        ------
        FramepathError
            What kept the first worker from starting.
        ProcessFailed
            A worker ended unasked; the others were ended too.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ask.send_bytes(b"end"))
        try:
            for _ in range(self._count):
                if not self._started(self._fork()):
                    return
            announce()
            self._watch()
        finally:
            self._end()

    def _fork(self) -> Connection:
        mine, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(
            target=_work, args=(self._run, mine, theirs, self._deaf), name="framepath worker"
        )
        process.start()
        theirs.close()
        self._processes[mine] = process
        return mine

    def _started(self, worker: Connection) -> bool:
        if self._asked in wait([self._asked, worker]):
            return False
        try:
            said = worker.recv()
        except EOFError:
            raise self._died(self._processes[worker]) from None
        if isinstance(said, FramepathError):
            raise said
        return True

    def _watch(self) -> None:
        ended = {process.sentinel: process for process in self._processes.values()}
        for first in wait([self._asked, *ended]):
            if first is not self._asked and not self._asked.poll():
                raise self._died(ended[first])  # type: ignore[index]

    def _died(self, process: BaseProcess) -> ProcessFailed:
        process.join(LEFT_S)
        return ProcessFailed(
            "a worker of the catalog ended unasked, so all are ended",
            found=f"exit code {process.exitcode}",
            where=f"pid {process.pid}",
            next_step="look at its last output above, and start the server again",
        )

    def _end(self) -> None:
        if sum(process.is_alive() for process in self._processes.values()) < self._count:
            self._deaf.abort()  # none need wait for one that is not there
        for process in self._processes.values():
            process.terminate()
        until = time.monotonic() + self._stop_within_s + LEFT_S
        for process in self._processes.values():
            process.join(max(0.0, until - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()


def _work(run: Run, parents: Connection, mine: Connection, deaf: Barrier) -> None:
    parents.close()
    # Until uvicorn has its own: the handlers that came with the fork end the parent, not us.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, args=(mine,), daemon=True).start()
    try:
        run(lambda: mine.send(READY), lambda: _wait_for_all(deaf))
    except FramepathError as error:
        mine.send(error)


def _wait_for_all(deaf: Barrier) -> None:
    with contextlib.suppress(threading.BrokenBarrierError):  # one has died, or hangs
        deaf.wait(LEFT_S)


def _end_with_parent(mine: Connection) -> None:
    """End when the parent is gone, however it ended: its end of the pipe closes."""
    try:
        mine.recv()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)
