"""Register the files of the data folders: those there at the start, then new and changed ones."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framepath.catalog.places import roots_apart
from framepath.catalog.probe import Probe
from framepath.config.settings import ServeSettings
from framepath.files import Folders
from framepath.files.stamp import Stamp, stamp_of
from framepath.spec.serving import Served

if TYPE_CHECKING:
    from framepath.catalog.register import Registered

LOOK_EVERY_S = 2.0
"""Seconds between looks at the folders, at least."""

BUSY = 0.05
"""Part of the time at most that looking takes, however many files there are; and as much again
for each file that waits for others: a master of thousands that never came takes a second."""

STOPPING_S = 2.0
"""A server that is not reached but ends within this was asked to."""


class Found:
    """The files of one folder, and which of them the catalog does not have as they are.

    Parameters
    ----------
    root
        The folder.
    base
        The folder above it that places in the catalog begin from.

    Attributes
    ----------
    look_s
        Seconds that the last look took.
    """

    def __init__(self, root: Path, base: Path | None = None) -> None:
        self.root = root
        self.base = base or root.parent
        self.look_s = 0.0
        self._registered: dict[Path, Stamp | None] = {}
        self._before: dict[Path, Stamp | None] | None = None
        self._again: dict[Path, float] = {}

    def to_register(self) -> list[Path]:
        """Files that are new or changed and at rest since the last look; at the first look all.

        And those that wait, when it is their time again.
        """
        from framepath.catalog.register import found_files

        began = time.monotonic()
        now = {path: stamp_of(path) for path in found_files(self.root)}
        self.look_s = time.monotonic() - began
        before = now if self._before is None else self._before
        self._before = now
        return [
            path
            for path, stamp in now.items()
            if stamp is not None
            and stamp == before.get(path)
            and (stamp != self._registered.get(path) or self._again.get(path, began) < began)
        ]

    def done(self, path: Path) -> None:
        """It was registered as it was at the last look, or cannot be."""
        assert self._before is not None
        self._registered[path] = self._before[path]
        self._again.pop(path, None)

    def waits(self, path: Path, took_s: float) -> None:
        """As `done`, but it leads to files that are not there yet: it is looked at again."""
        self.done(path)
        self._again[path] = time.monotonic() + took_s / BUSY


def follow(settings: ServeSettings, served: Served, probe: Probe, ended: threading.Event) -> None:
    """Keep the catalog's ``files`` as the data folders are, until the server ends.

    Through HTTP like anybody else, so that a big folder does not delay the ready line. What cannot
    be registered is told once; a folder or server that does not answer is tried again.
    """
    import httpx

    from framepath.errors import FramepathError

    roots = list(dict.fromkeys(folder.absolute() for folder in settings.data))
    found = [Found(root, base) for root, base in zip(roots, roots_apart(roots), strict=True)]
    # As the server reads: what a link leads to outside is not looked at either.
    folders = Folders(tuple(each.root for each in found), tuple(settings.path_maps), "server")
    told: set[str] = set()
    pause_s = 0.0
    while not ended.wait(pause_s):
        try:
            _look(found, folders, served, probe, told)
        except (OSError, httpx.HTTPError, FramepathError) as error:
            if ended.wait(STOPPING_S):
                return
            click.echo(f"framepath: the data folders are not followed: {error}", err=True)
        pause_s = max(LOOK_EVERY_S, sum(each.look_s for each in found) / BUSY)


def _look(
    all_found: list[Found], folders: Folders, served: Served, probe: Probe, told: set[str]
) -> None:
    from framepath.catalog.clients.connect import connect
    from framepath.catalog.register import register

    for found in all_found:
        paths = found.to_register()
        if not paths:
            continue
        began = time.monotonic()
        with connect(served.uri_with_key) as catalog:
            for result in register(catalog, paths, found.base, folders, probe):
                _tell(result, told)
                now = time.monotonic()
                if result.waits:
                    found.waits(result.path, now - began)
                else:
                    found.done(result.path)
                began = now


def _tell(result: Registered, told: set[str]) -> None:
    text = f"framepath: not registered: {result.path}: {result.error}"
    if result.error is not None and text not in told:
        told.add(text)
        click.echo(text, err=True)
