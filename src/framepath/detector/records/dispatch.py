"""The put thread: one lane in which every put of every client is handled, in order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_thread = threading.local()


@contextmanager
def own_put() -> Iterator[None]:
    """Puts made by this thread meanwhile are the IOC's own: no handler runs.

    A record is processed on the thread that puts to it, so that no client's put is mistaken.
    """
    _thread.own = True
    try:
        yield
    finally:
        _thread.own = False


@dataclass(frozen=True, slots=True)
class _Job:
    function: Callable[..., Any]
    arguments: Sequence[Any]
    completion: Callable[..., Any] | None
    completion_arguments: Sequence[Any]

    def complete(self) -> None:
        """Let the record's processing end."""
        if self.completion is not None:
            self.completion(*self.completion_arguments)


@dataclass(frozen=True, slots=True)
class Setpoint:
    """The on_update of one setpoint record.

    ``urgent`` is asked first: True runs ``handle`` on the client's own thread, past the lane (a
    stop must not wait behind a slow put).
    """

    handle: Callable[[Any], None]
    urgent: Callable[[Any], bool] | None = None

    def __call__(self, value: Any) -> None:
        """Handle a put; called by `PutLane`."""
        self.handle(value)


@dataclass(frozen=True, slots=True)
class Companion:
    """The on_update of a hidden blocking record: keeps its completion until work is done.

    ``wait`` gets a callable without arguments to be called once, at once or later.
    """

    wait: Callable[[Callable[[], None]], None]

    def __call__(self, value: Any) -> None:
        """Never called: `PutLane` uses ``wait``."""
        raise AssertionError("a companion is handled by PutLane")


class PutLane:
    """A softioc dispatcher: one thread, first come first served.

    One lane for all ports keeps the order of a client's puts to different plugins: Capture has
    opened its file before the Acquire put after it is looked at.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = self._new_thread()

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._work, name="puts", daemon=True)

    def start(self) -> None:
        """Begin to work; puts that came before are handled first."""
        self._thread.start()

    def stop(self) -> None:
        """Handle what has arrived, then end."""
        self._jobs.put(None)
        self._thread.join(5.0)

    def __call__(
        self,
        func: Callable[..., Any],
        func_args: Sequence[Any] = (),
        completion: Callable[..., Any] | None = None,
        completion_args: Sequence[Any] = (),
    ) -> None:
        """Queue one put (softioc calls this on the thread that processes the record)."""
        job = _Job(func, func_args, completion, completion_args)
        if getattr(_thread, "own", False):
            job.complete()
            return
        if isinstance(func, Setpoint) and func.urgent is not None and func.urgent(*func_args):
            _run(job)
        else:
            self._jobs.put(job)

    def wait_for_quit(self) -> None:
        """Needed by softioc's interactive shell only."""
        self._thread.join()

    def _work(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                _run(job)
        except BaseException:
            # One handler's fault must not make every PV deaf: another thread goes on with the
            # lane, and this one ends with its traceback in the log.
            self._thread = self._new_thread()
            self._thread.start()
            raise


def _run(job: _Job) -> None:
    if isinstance(job.function, Companion):
        job.function.wait(job.complete)
        return
    try:
        job.function(*job.arguments)
    finally:
        job.complete()
