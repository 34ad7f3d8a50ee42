"""Ask a process of its own whether a file ends libhdf5, before this process opens it.

See `framepath.catalog.trials`. A file that was tried and is as it was costs 10 us, a new one what
opening it costs once more and 0.2 ms. Why: docs/explanation/decisions, 0009.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from framepath.catalog.verdicts import Question, Verdict, Verdicts
from framepath.errors import FileCrashes, FileUnreadable, ProcessFailed
from framepath.files import Folders
from framepath.files.stamp import Stamp, stamp_of

HANGS_S = 5
"""CPU time, s, that one file may take before it is taken to hang; the process ends itself then."""

WAITS_S = 30
"""Time, s, that is waited for a file: its file system may hang, or fetch it from far away."""

ENDS_S = 1
"""Time, s, that a process which no longer answers gets to end by itself."""

CHANGES = 3
"""Times that a file is tried anew because it was changed meanwhile, as by its writer closing it."""

STARTS = 3
"""Processes that may end before they were asked anything, one after the other."""

SURVIVED = "survived"
TRYING = "trying"

COMMAND = (sys.executable, "-m", "framepath.catalog.probe_process")


class Probe:
    """Tries files out. It starts a process when first asked, and a new one after each crash.

    Parameters
    ----------
    folders
        Folders that may be read, there as here.
    command
        What to start; the descriptor of its socket is added.
    """

    def __init__(self, folders: Folders, command: Sequence[str] = COMMAND) -> None:
        self._folders = folders
        self._command = command
        self._process: _Process | None = None
        self._verdicts = Verdicts()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process, so that the first to be asked need not wait for it."""
        with self._lock:
            self._started()

    def guarding(
        self, folders: Folders, trial: str, path: str | os.PathLike[str], address: str = "/"
    ) -> Folders:
        """``folders`` that let through only what was tried, and ask where it was not.

        Checking a path raises `FileCrashes` where the trial ended the process.
        """
        return _Tried(folders, self, Question(trial, os.fspath(path), address))

    def require(self, question: Question, file: Path) -> None:
        """Let a file through that was tried as it is now, if need be now.

        Raises
        ------
        FileCrashes
            The trial ends the process, or never ends.
        FileUnreadable
            The file changes too fast to be tried.
        ProcessFailed
            No process can be started.
        """
        verdict = self._verdicts.get(question)
        for _ in range(CHANGES):
            if verdict is not None and _stands(verdict, file):
                break
            with self._lock:
                verdict = self._verdicts.get(question)
                if verdict is None or not _stands(verdict, file):
                    verdict = self._judged(question)
                    self._verdicts.keep(question, verdict)
        assert verdict is not None
        if verdict.crash:
            raise FileCrashes(
                "reading this ends the HDF5 library, or never ends: it was tried in another "
                "process, and is not opened in this one",
                found=f"{verdict.crash} after opening {verdict.last}",
                where=f"{question.path}:{question.address}",
                next_step="copy the file again from where it was written; it is damaged",
            )
        if not verdict.covers(file) and file.exists():
            raise FileUnreadable(
                "the file was changed while it was tried out",
                where=file,
                next_step="read it again once its writer is done",
            )

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()

    def _judged(self, question: Question) -> Verdict:
        crash = ""
        for _ in range(STARTS):
            process = self._started()
            fresh, answer = not process.was_asked, process.ask(question)
            if answer.survived:
                return Verdict(answer.files)
            crash, self._process = process.end(), None
            # What an earlier file did to the process may show only now: a fresh one tells.
            if answer.was_taken and fresh:
                self._started()
                asked = Path(question.path)
                return Verdict(answer.files or {asked: stamp_of(asked)}, crash)
        raise ProcessFailed(
            "the process that tries files out does not answer, so none can be opened",
            found=crash,
            where=" ".join(self._command),
            next_step="look at its last output above; it may have no memory",
        )

    def _started(self) -> _Process:
        if self._process is None:
            self._process = _Process(self._command, self._folders)
        return self._process


def _stands(verdict: Verdict, file: Path) -> bool:
    return verdict.stands if verdict.crash else verdict.covers(file)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Files told of before they were opened; whether the question arrived, and what it did."""

    files: dict[Path, Stamp | None]
    was_taken: bool
    survived: bool


class _Process:
    """One process, for as long as it lives."""

    def __init__(self, command: Sequence[str], folders: Folders) -> None:
        self.was_asked = False
        self._socket, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            self._popen = subprocess.Popen(
                [*command, str(descriptor)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[descriptor],
                start_new_session=True,  # Ctrl-C is for the server
            )
        self._socket.settimeout(WAITS_S)
        self._lines = self._socket.makefile("r", encoding="ascii", newline="\n")
        maps = [each.model_dump() for each in folders.path_map]
        self._send([[*map(str, folders.readable)], maps, folders.host])

    def ask(self, question: Question) -> _Answer:
        """What became of a question; the process is of no more use unless it survived."""
        files: dict[Path, Stamp | None] = {}
        taken = False
        self.was_asked = True
        self._send(question)
        with contextlib.suppress(ConnectionError, TimeoutError):
            for line in self._lines:
                told = json.loads(line)
                if told == TRYING:
                    taken = True
                elif told == SURVIVED:
                    return _Answer(files, True, True)
                else:
                    path, stamp = told
                    files[Path(path)] = None if stamp is None else Stamp(*stamp)
        return _Answer(files, taken, False)

    def kill(self) -> None:
        """End it now: it holds nothing."""
        self._lines.close()
        self._socket.close()
        self._popen.kill()
        self._popen.wait()

    def end(self) -> str:
        """How it ended, for people; one that does not answer is ended."""
        try:
            code = self._popen.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            code = None
        self.kill()
        if code is None:
            return f"no answer within {WAITS_S} s"
        if code == -signal.SIGPROF:
            return f"no end within {HANGS_S} s of CPU time"
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def _send(self, what: Sequence[object]) -> None:
        with contextlib.suppress(OSError):  # then no answer comes
            self._socket.sendall(json.dumps(what).encode() + b"\n")


class _Tried(Folders):
    """Folders that let through only what was tried out for one question."""

    _folders: Folders
    _probe: Probe
    _question: Question

    def __init__(self, folders: Folders, probe: Probe, question: Question) -> None:
        super().__init__(folders.readable, folders.path_map, folders.host)
        object.__setattr__(self, "_folders", folders)
        object.__setattr__(self, "_probe", probe)
        object.__setattr__(self, "_question", question)

    def contains(self, real: Path) -> bool:
        """As the folders say."""
        return self._folders.contains(real)

    def check(self, path: str | os.PathLike[str]) -> Path:
        """As the folders say, then the probe."""
        real = self._folders.check(path)
        self._probe.require(self._question, real)
        return real
