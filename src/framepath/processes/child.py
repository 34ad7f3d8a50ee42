"""A child process that says when it is ready and is known to have ended."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from framepath.errors import ProcessFailed

TAIL_LINES = 40
"""Lines of output kept for the message of a child that died."""


class Child:
    """A running child process, in a process group of its own so that Ctrl-C reaches it once.

    Use `start`. As a context manager it ends the child on the way out.

    Attributes
    ----------
    name
        What to call it in messages.
    """

    def __init__(self, name: str, process: subprocess.Popen[str], ready: str) -> None:
        self.name = name
        self._process = process
        self._ready_word = ready
        self._ready_line: str | None = None
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._changed = threading.Condition()
        self._stdout_open = True
        self._readers = [
            threading.Thread(target=self._follow, args=(stream, is_stdout), daemon=True)
            for stream, is_stdout in ((process.stdout, True), (process.stderr, False))
        ]
        for reader in self._readers:
            reader.start()

    @classmethod
    def start(
        cls,
        command: Sequence[str | os.PathLike[str]],
        *,
        name: str,
        ready: str = "ready",
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
    ) -> Child:
        """Start ``command`` without waiting; follow with `wait_ready`.

        Parameters
        ----------
        command
            Program and arguments; no shell.
        ready
            Word that one line on stdout contains once the child can be used.
        env
            Variables added to this process's environment.

        Raises
        ------
        ProcessFailed
            The program cannot be started at all.
        """
        try:
            process = subprocess.Popen(
                [os.fspath(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )
        except OSError as error:
            raise ProcessFailed(
                f"cannot start {name}",
                found=error,
                where=Path(os.fspath(command[0])),
                next_step="check that the program exists and may be run",
            ) from error
        return cls(name, process, ready)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    @property
    def tail(self) -> str:
        """The last lines it wrote to stdout and stderr."""
        with self._changed:
            return "\n".join(self._tail)

    def wait_ready(self, deadline_s: float = 60.0) -> str:
        """Wait for the ready line and return it.

        Raises
        ------
        ProcessFailed
            The child ended, or said nothing before the deadline (counted on a monotonic clock);
            the message holds the exit code and the last lines of output.
        """
        until = time.monotonic() + deadline_s
        with self._changed:
            while self._ready_line is None:
                left = until - time.monotonic()
                if self.exit_code is not None and not self._stdout_open:
                    raise self._failed(f"ended with exit code {self.exit_code} before it was ready")
                if left <= 0:
                    raise self._failed(f"did not become ready within {deadline_s:g} s")
                # Bounded wait: the end of a process wakes nobody.
                self._changed.wait(min(left, 0.1))
            return self._ready_line

    def stop(self, deadline_s: float = 10.0) -> int:
        """End the child with SIGTERM, after ``deadline_s`` with SIGKILL; return its exit code.

        Calling it on a child that has ended only returns the code.
        """
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self._process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._reap()

    def kill(self) -> int:
        """End the child and what it started with SIGKILL; return its exit code."""
        self.signal(signal.SIGKILL)
        self._process.wait()
        return self._reap()

    def signal(self, number: int) -> None:
        """Send a signal to the child's process group; nothing happens when it has ended."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def wait(self, deadline_s: float) -> int:
        """Wait for the child to end by itself and return its exit code.

        Raises
        ------
        ProcessFailed
            It still runs after ``deadline_s``.
        """
        try:
            self._process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise self._failed(f"still runs after {deadline_s:g} s") from None
        return self._reap()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _reap(self) -> int:
        for reader in self._readers:
            reader.join(2.0)
        return self._process.wait()

    def _follow(self, stream, is_stdout: bool) -> None:  # type: ignore[no-untyped-def]
        with stream:
            for line in stream:
                with self._changed:
                    self._tail.append(line.rstrip("\n"))
                    if is_stdout and self._ready_line is None and self._ready_word in line:
                        self._ready_line = line.strip()
                    self._changed.notify_all()
        with self._changed:
            self._stdout_open = self._stdout_open and not is_stdout
            self._changed.notify_all()

    def _failed(self, what: str) -> ProcessFailed:
        tail = "\n".join(self._tail) or "(no output)"
        return ProcessFailed(
            f"{self.name} {what}",
            where=f"pid {self.pid}",
            next_step=f"read its last output:\n{tail}",
        )
