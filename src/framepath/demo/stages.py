"""The stages of the story, each announced when it begins and timed."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


class Interruption:
    """Ctrl-C and SIGTERM, which end the demo the same way; a context manager.

    A KeyboardInterrupt that happens to be raised inside a callback of a C library is printed and
    lost. Therefore the signal is also remembered, and looked at between stages. Only the first
    signal raises: another one must not interrupt the ending of the children.
    """

    def __init__(self) -> None:
        self._came = False
        self._is_deferred = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interruption:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *raised: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _interrupt(self, number: int, frame: object) -> None:
        is_first = not self._came
        self._came = True
        if is_first and not self._is_deferred:
            raise KeyboardInterrupt

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let the block finish before a signal has its effect, e.g. while children are started."""
        self._is_deferred = True
        try:
            yield
        finally:
            self._is_deferred = False
        self.check()

    def check(self) -> None:
        """Raise KeyboardInterrupt when a signal has come, whatever became of its first one."""
        if self._came:
            raise KeyboardInterrupt


class Stages:
    """Announces stages on a console and remembers how long each took.

    Attributes
    ----------
    seconds
        Wall seconds of each finished stage, by name, in order.
    """

    def __init__(self, console: Console, interruption: Interruption) -> None:
        self._console = console
        self._interruption = interruption
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, what: str) -> Iterator[None]:
        """Show that ``what`` is at work until the block ends; then one line with its seconds."""
        self._interruption.check()
        began = time.perf_counter()
        with self._console.status(f"{name}: {what}"):
            if not self._console.is_terminal:
                self._console.print(f"{name}: {what} ...", highlight=False, soft_wrap=True)
            yield
        self._interruption.check()
        self.seconds[name] = round(time.perf_counter() - began, 2)
        self._console.print(
            f"[green]done[/green] {self.seconds[name]:5.1f} s  {name:<10} {what}",
            highlight=False,
            soft_wrap=True,
        )
