"""Register the files of the data folders: those there at the start, then new and changed ones."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

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
"""Part of the time at most that looking takes, however many files there are."""

STOPPING_S = 2.0
"""A server that is not reached but ends within this was asked to."""


class Found:
    """The files of one folder, and which of them the catalog does not have as they are.

    Parameters
    ----------
    root
        The folder.

    Attributes
    ----------
    look_s
        Seconds that the last look took.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.look_s = 0.0
        self._registered: dict[Path, Stamp | None] = {}
        self._before: dict[Path, Stamp | None] | None = None

    def to_register(self) -> list[Path]:
        """Files that are new or changed and at rest since the last look; at the first look all."""
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
            and stamp != self._registered.get(path)
        ]

    def done(self, paths: list[Path]) -> None:
        """These were registered as they were at the last look, or cannot be."""
        assert self._before is not None
        self._registered.update((path, self._before[path]) for path in paths)


def follow(settings: ServeSettings, served: Served, probe: Probe, ended: threading.Event) -> None:
    """Keep the catalog's ``files`` as the data folders are, until the server ends.

    Through HTTP like anybody else, so that a big folder does not delay the ready line. What cannot
    be registered is told once; a folder or server that does not answer is tried again.
    """
    import httpx

    from framepath.errors import FramepathError

    found = [Found(folder.absolute()) for folder in settings.data]
    # As the server reads: what a link leads to outside is not looked at either.
    folders = Folders(tuple(each.root for each in found), tuple(settings.path_maps), "server")
    told: set[str] = set()
    pause_s = 0.0
    while not ended.wait(pause_s):
        waiting_s = 0.0
        try:
            waiting_s = _look(found, folders, served, probe, told)
        except (OSError, httpx.HTTPError, FramepathError) as error:
            if ended.wait(STOPPING_S):
                return
            click.echo(f"framepath: the data folders are not followed: {error}", err=True)
        looks_s = sum(each.look_s for each in found)
        pause_s = max(LOOK_EVERY_S, (looks_s + waiting_s) / BUSY)


def _look(
    all_found: list[Found], folders: Folders, served: Served, probe: Probe, told: set[str]
) -> float:
    """Seconds that went to files that wait for others they lead to: they are tried again."""
    from framepath.catalog.clients.connect import connect
    from framepath.catalog.register import register

    waiting_s = 0.0
    for found in all_found:
        paths = found.to_register()
        if not paths:
            continue
        began = time.monotonic()
        with connect(served.uri_with_key) as catalog:
            for result in register(catalog, paths, found.root.parent, folders, probe):
                _tell(result, told)
                now = time.monotonic()
                if result.waits:
                    waiting_s += now - began
                else:
                    found.done([result.path])
                began = now
    return waiting_s


def _tell(result: Registered, told: set[str]) -> None:
    text = f"framepath: not registered: {result.path}: {result.error}"
    if result.error is not None and text not in told:
        told.add(text)
        click.echo(text, err=True)
