"""The stages of the story, each announced when it begins and timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


class Stages:
    """Announces stages on a console and remembers how long each took.

    Attributes
    ----------
    seconds
        Wall seconds of each finished stage, by name, in order.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, what: str) -> Iterator[None]:
        """Show that ``what`` is at work until the block ends; then one line with its seconds."""
        began = time.perf_counter()
        with self._console.status(f"{name}: {what}"):
            if not self._console.is_terminal:
                self._console.print(f"{name}: {what} ...", highlight=False, soft_wrap=True)
            yield
        self.seconds[name] = round(time.perf_counter() - began, 2)
        self._console.print(
            f"[green]done[/green] {self.seconds[name]:5.1f} s  {name:<10} {what}",
            highlight=False,
            soft_wrap=True,
        )
