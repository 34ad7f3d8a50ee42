"""Keep stacks open between requests, for as long as their files are the same files.

Opening a master with a hundred links costs 24 ms and more, reading one frame 0.5 ms. A kept stack
is used again only while each of its files has the device, inode, size and time that it had; a file
that is deleted, replaced or written to is looked at anew, so that what is wrong is found.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framepath.files import Folders

IDLE_S = 2.0
"""After this the files are closed: a reader that holds a file keeps writers from replacing it."""

MOST = 64
"""Stacks kept at most."""

Stamp = tuple[int, int, int, int]


class Noting(Folders):
    """Folders that remember each file they let through, as it was before it was opened."""

    seen: dict[Path, Stamp | None]

    def __init__(self, folders: Folders) -> None:
        super().__init__(folders.readable, folders.path_map, folders.host)
        object.__setattr__(self, "seen", {})

    def check(self, path: str | os.PathLike[str]) -> Path:
        """As `Folders.check`."""
        real = super().check(path)
        if real not in self.seen:
            self.seen[real] = stamp_of(real)
        return real

    def unchanged(self) -> bool:
        """Whether every file seen is still the same."""
        return all(stamp_of(path) == stamp for path, stamp in tuple(self.seen.items()))


def stamp_of(path: Path) -> Stamp | None:
    """Device, inode, size and modification time of a file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@dataclass(eq=False)
class _Kept:
    stack: Any
    folders: Noting
    users: int = 0
    used: float = field(default_factory=time.monotonic)
    dropped: bool = False


class KeptStacks:
    """Stacks by what they were opened with.

    Parameters
    ----------
    folders
        Folders that may be read.
    """

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._reaper: threading.Timer | None = None

    @contextlib.contextmanager
    def use(self, key: Hashable, opening: Callable[[Folders], Any]) -> Iterator[Any]:
        """The stack of a key, opened by ``opening`` unless it is kept and its files are the same.

        It stays open while it is in use, whatever happens to its files.
        """
        kept = self._fresh(key)
        if kept is None:
            folders = Noting(self._folders)
            kept = self._keep(key, _Kept(opening(folders), folders, users=1))
        try:
            yield kept.stack
        finally:
            self._release(kept)

    def _fresh(self, key: Hashable) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            kept.users += 1
        if kept.folders.unchanged():
            return kept
        self._drop(key, kept)
        self._release(kept)
        return None

    def _keep(self, key: Hashable, kept: _Kept) -> _Kept:
        # What is missing may arrive, and no file stands for it yet.
        if getattr(kept.stack, "gaps", ()):
            kept.dropped = True
            return kept
        with self._lock:
            old = self._kept.pop(key, None)
            self._kept[key] = kept
            surplus = list(self._kept.items())[:-MOST]
        for key_, old_ in [*([(key, old)] if old else []), *surplus]:
            self._drop(key_, old_)
        self._watch()
        return kept

    def _drop(self, key: Hashable, kept: _Kept) -> None:
        with self._lock:
            if self._kept.get(key) is kept:
                del self._kept[key]
            kept.dropped = True
            unused = kept.users == 0
        if unused:
            kept.stack.close()

    def _release(self, kept: _Kept) -> None:
        with self._lock:
            kept.users -= 1
            kept.used = time.monotonic()
            unused = kept.dropped and kept.users == 0
        if unused:
            kept.stack.close()

    def _watch(self) -> None:
        with self._lock:
            if self._reaper is None and self._kept:
                self._reaper = threading.Timer(IDLE_S / 2, self._reap)
                self._reaper.daemon = True
                self._reaper.start()

    def _reap(self) -> None:
        before = time.monotonic() - IDLE_S
        with self._lock:
            self._reaper = None
            idle = [(k, s) for k, s in self._kept.items() if not s.users and s.used < before]
        for key, kept in idle:
            self._drop(key, kept)
        self._watch()
