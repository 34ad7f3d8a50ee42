"""Writers that run in another process, so that they can be killed, read beside, or locked out."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from framepath.errors import WriteFailed
from framepath.writing import RoutedWriter, WriterSettings
from unit.writing.recipes import ONE_DATASET, ROUTED, frame, sent_to

DESTINATIONS = ("/entry/data/data", "/entry/data/dark", "/entry/data/flat")
SHAPE_YX = (24, 40)

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["unit.writing.other_process"])


@contextmanager
def process(target: Any, *arguments: Any) -> Iterator[tuple[BaseProcess, Connection]]:
    """Run ``target(connection, *arguments)`` in a process that is gone at the end."""
    ours, theirs = _context.Pipe()
    child = _context.Process(target=target, args=(theirs, *arguments), daemon=True)
    child.start()
    theirs.close()
    try:
        yield child, ours
    finally:
        child.kill()
        child.join()
        ours.close()


def write_until_killed(connection: Connection, path: str, settings: WriterSettings) -> None:
    """Write routed frames without end; sends the count of frames after each flush."""
    told = 0
    with RoutedWriter(path, ROUTED, settings) as writer:
        for i in range(10**9):
            writer.write(sent_to(i, DESTINATIONS[i % 3], shape=SHAPE_YX))
            if writer.n_flushed > told:
                told = writer.n_flushed
                connection.send(told)


def write_when_told(connection: Connection, path: str, settings: WriterSettings) -> None:
    """Write as many frames as each message says; answers with the frames flushed, None ends."""
    i = 0
    with RoutedWriter(path, ONE_DATASET, settings) as writer:
        while (n := connection.recv()) is not None:
            for _ in range(n):
                writer.write(frame(i, shape=SHAPE_YX))
                i += 1
            connection.send(writer.n_flushed)
    connection.send("closed")


def try_to_write(connection: Connection, path: str, settings: WriterSettings) -> None:
    """Send what happens to a writer that opens ``path``."""
    try:
        with RoutedWriter(path, ONE_DATASET, settings) as writer:
            writer.write(frame(0))
    except WriteFailed as failure:
        connection.send(str(failure))
    else:
        connection.send("written")
