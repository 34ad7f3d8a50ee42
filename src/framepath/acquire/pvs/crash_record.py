"""What a session has changed on a detector, on disk, for the session after one that died."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any

from framepath.errors import StagingError

STATE_VARIABLE = "XDG_STATE_HOME"
"""Environment variable of the folder for state; ``~/.local/state`` without it."""

Change = tuple[str, Any]
"""Dotted name of a signal and the value it had."""


def state_folder() -> Path:
    """Where records are kept."""
    home = os.environ.get(STATE_VARIABLE) or Path.home() / ".local" / "state"
    return Path(home) / "framepath" / "staged"


class CrashRecord:
    """The changes of one staging, written as they are made; a lock says that its session lives.

    Parameters
    ----------
    prefix
        PV prefix of the detector: two sessions that stage the same one meet here.
    """

    def __init__(self, prefix: str) -> None:
        self.path = state_folder() / f"{prefix.replace(':', '_').replace('/', '_')}.json"
        self._file: IO[str] | None = None

    def open(self) -> list[Change]:
        """Begin a record; returns what a session that died has left, the last change first.

        Raises
        ------
        StagingError
            A living session of this account has staged the detector.
        """
        file = self._locked()
        while not self._is_in_place(file):
            file.close()  # its session removed it between our opening and our locking it
            file = self._locked()
        file.seek(0)
        left = [tuple(json.loads(line)) for line in file if line.endswith("\n")]
        self._file = file
        return left[::-1]  # type: ignore[return-value]

    def _locked(self) -> IO[str]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self.path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StagingError(
                "cannot keep a record of what staging changes",
                found=error.strerror,
                where=self.path,
                next_step=f"make the folder writable, or set {STATE_VARIABLE}",
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise StagingError(
                "this detector is staged already, by another session on this machine or as "
                "another device of this one",
                where=self.path,
                next_step="end its plan, or stop that session",
            ) from None
        return file

    def _is_in_place(self, file: IO[str]) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def add(self, change: Change) -> None:
        """Write down a change before it is made."""
        if self._file is not None:
            self._file.write(json.dumps(change) + "\n")
            self._file.flush()

    def clear(self) -> None:
        """What was written down has been put back."""
        if self._file is not None:
            self._file.truncate(0)

    def close(self) -> None:
        """End the record; one that is not cleared stays for the next session."""
        if self._file is None:
            return
        if os.fstat(self._file.fileno()).st_size == 0:
            self.path.unlink(missing_ok=True)
        self._file.close()
        self._file = None
