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
from framepath.files.stamp import Stamp, stamp_of

IDLE_S = 5.0
"""After this the files are closed: a deleted file's space is free once nobody has it open."""

FEW = 8
LATELY_S = 0.05
"""More files than `FEW` are compared only so often: 3 us a file, a frame of a hundred files costs
0.5 ms. What is read meanwhile is what an earlier read would have had, or an error: each read
compares the file that it touched."""

MOST = 64
"""Stacks kept at most."""


class Noting(Folders):
    """Folders that remember each file they let through, as it was before it was opened."""

    seen: dict[Path, Stamp | None]
    _asked: dict[Path, Stamp | None]
    _folders: Folders
    _looked: float

    def __init__(self, folders: Folders) -> None:
        super().__init__(folders.readable, folders.path_map, folders.host)
        object.__setattr__(self, "seen", {})
        object.__setattr__(self, "_asked", {})
        # Their own methods, not ours again: these may be the exact files of `SameFiles`.
        object.__setattr__(self, "_folders", folders)
        object.__setattr__(self, "_looked", 0.0)

    def contains(self, real: Path) -> bool:
        """As the folders say."""
        return self._folders.contains(real)

    def check(self, path: str | os.PathLike[str]) -> Path:
        """As the folders say."""
        real = self._folders.check(path)
        if real not in self.seen:
            self.seen[real] = stamp_of(real)
        asked = Path(path)
        if asked != real:  # a symlink, which may lead elsewhere by and by
            self._asked[asked] = stamp_of(asked)
        return real

    def unchanged(self) -> bool:
        """Whether every file seen is still the same; of many files, whether they lately were."""
        now = time.monotonic()
        if len(self.seen) > FEW and now < self._looked + LATELY_S:
            return True
        object.__setattr__(self, "_looked", now)
        files = (*self.seen.items(), *self._asked.items())
        return all(stamp_of(path) == stamp for path, stamp in files)


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
    idle_s
        Time, s, after which a stack that nobody used is closed.
    """

    def __init__(self, folders: Folders, idle_s: float = IDLE_S) -> None:
        self._folders = folders
        self._idle_s = idle_s
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._reaper: threading.Timer | None = None

    @contextlib.contextmanager
    def use(self, key: Hashable, opening: Callable[[Folders], Any]) -> Iterator[Any]:
        """The stack of a key, opened by ``opening`` unless it is kept and its files are the same.

        It stays open while it is in use, whatever happens to its files.
        """
        kept = self._borrowed(key, opening)
        try:
            yield kept.stack
        finally:
            self._release(kept)

    def files(self, key: Hashable, opening: Callable[[Folders], Any]) -> dict[Path, Stamp | None]:
        """Every file that reading the stack of a key can need, as it was before it was opened."""
        kept = self._borrowed(key, opening)
        try:
            kept.stack.visit_files()
            return dict(kept.folders.seen)
        finally:
            self._release(kept)

    def close(self) -> None:
        """Close what is not in use now, the rest after its use."""
        with self._lock:
            everything = list(self._kept.items())
        for key, kept in everything:
            self._drop(key, kept)

    def _borrowed(self, key: Hashable, opening: Callable[[Folders], Any]) -> _Kept:
        kept = self._fresh(key)
        if kept is None:
            folders = Noting(self._folders)
            kept = self._keep(key, _Kept(opening(folders), folders, users=1))
        return kept

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
                self._reaper = threading.Timer(self._idle_s / 2, self._reap)
                self._reaper.daemon = True
                self._reaper.start()

    def _reap(self) -> None:
        before = time.monotonic() - self._idle_s
        with self._lock:
            self._reaper = None
            idle = [(k, s) for k, s in self._kept.items() if not s.users and s.used < before]
        for key, kept in idle:
            self._drop(key, kept)
        self._watch()
