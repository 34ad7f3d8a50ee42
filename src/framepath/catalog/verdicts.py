"""What is known of the files that were tried out, for as long as they stay as they were."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from framepath.files.stamp import Stamp, stamp_of
from framepath.files.superblock import read_superblock

MOST_FILES = 50_000
"""Files remembered at most, over all verdicts; some 300 bytes each."""


class Question(NamedTuple):
    """A trial (`framepath.catalog.trials`), the path and the address that it is made with."""

    trial: str
    path: str
    address: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one trial.

    Attributes
    ----------
    files
        Every file that was to be opened, as it was before.
    crash
        How it ended the process; "" when it did not.
    """

    files: dict[Path, Stamp | None]
    crash: str = ""

    @property
    def last(self) -> Path:
        """The file that was opened last."""
        return next(reversed(self.files))

    def covers(self, file: Path) -> bool:
        """Whether a file was tried as it is now."""
        tried, now = self.files.get(file), stamp_of(file)
        if tried is None or now is None:
            return False
        return now == tried or _has_grown(tried, now, file)

    @property
    def stands(self) -> bool:
        """Whether every file is as it was."""
        return all(stamp_of(file) == stamp for file, stamp in self.files.items())


def _has_grown(tried: Stamp, now: Stamp, file: Path) -> bool:
    """Whether a writer that still has the file open for SWMR added to what was tried.

    Such a file changes with every frame; it is tried again once its writer has closed it.
    """
    if now[:2] != tried[:2] or now.n_bytes < tried.n_bytes:
        return False
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        superblock = read_superblock(descriptor)
    finally:
        os.close(descriptor)
    return superblock is not None and superblock.open_for_swmr


class Verdicts:
    """Verdicts by question, the longest unused forgotten first."""

    def __init__(self) -> None:
        self._verdicts: OrderedDict[Question, Verdict] = OrderedDict()
        self._n_files = 0
        self._lock = threading.Lock()

    def get(self, question: Question) -> Verdict | None:
        """The verdict on a question, whether or not it still stands."""
        with self._lock:
            verdict = self._verdicts.get(question)
            if verdict is not None:
                self._verdicts.move_to_end(question)
            return verdict

    def keep(self, question: Question, verdict: Verdict) -> None:
        """Remember a verdict."""
        with self._lock:
            self._forget(question)
            self._verdicts[question] = verdict
            self._n_files += len(verdict.files) + 1
            while self._n_files > MOST_FILES and len(self._verdicts) > 1:
                self._forget(next(iter(self._verdicts)))

    def _forget(self, question: Question) -> None:
        old = self._verdicts.pop(question, None)
        if old is not None:
            self._n_files -= len(old.files) + 1
