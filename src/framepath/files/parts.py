"""The files that a stack is made of, opened when needed and only so many at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from framepath.errors import FramepathError
from framepath.files.source import FrameSource

MAX_OPEN = 256
"""Files held open; the usual limit of a process is 1024."""


class Parts:
    """Sources by number, least recently used closed first, none while it is being read.

    Parameters
    ----------
    opener
        Opens source ``n``; its errors reach whoever borrows it.
    """

    def __init__(self, opener: Callable[[int], FrameSource]) -> None:
        self._opener = opener
        self._open: OrderedDict[int, FrameSource] = OrderedDict()
        self._readers: dict[int, int] = {}
        self._lock = threading.RLock()

    @contextmanager
    def borrow(self, n: int) -> Iterator[FrameSource]:
        """Source ``n``, open until the block ends."""
        with self._lock:
            if n not in self._open:
                self._open[n] = self._opener(n)
            self._open.move_to_end(n)
            self._readers[n] = self._readers.get(n, 0) + 1
        try:
            yield self._open[n]
        finally:
            with self._lock:
                self._readers[n] -= 1
                self._close_some()

    def __contains__(self, n: int) -> bool:
        """Whether source ``n`` is open now."""
        return n in self._open

    def visit(self, numbers: Iterable[int]) -> None:
        """Open each, and every file behind it; the first error is raised when all were tried."""
        first: FramepathError | None = None
        for n in numbers:
            try:
                with self.borrow(n) as source:
                    source.visit_files()
            except FramepathError as error:
                first = first or error
        if first is not None:
            raise first

    def forget(self, n: int) -> None:
        """Close source ``n``, so that the next to borrow it opens it anew."""
        with self._lock:
            if n in self._open and not self._readers.get(n):
                self._open.pop(n).close()

    def close(self) -> None:
        """Close all."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def _close_some(self) -> None:
        too_many = len(self._open) - MAX_OPEN
        if too_many > 0:
            idle = [n for n in self._open if not self._readers.get(n)]
            for n in idle[:too_many]:
                self._open.pop(n).close()
