"""The process that tries files out: what crashes it would have crashed the server.

Lines of JSON on the socket whose descriptor is the argument. First the folders that may be read;
then questions, [trial, path, address], each answered by "trying", then [path, stamp] of every file
that is about to be opened, then "survived". Whatever else a trial finds, the server finds again.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from framepath.catalog.kept import Noting
from framepath.catalog.probe import HANGS_S, SURVIVED, TRYING
from framepath.catalog.trials import TRIALS
from framepath.config.paths import PathMap
from framepath.files import Folders


def main() -> None:
    """Answer until the server closes its end."""
    # What is tried here is expected to crash: nobody needs the core.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with (
        socket.socket(fileno=int(sys.argv[1])) as server,
        server.makefile("rw", encoding="ascii", newline="\n") as lines,
    ):

        def tell(what: Any) -> None:
            signal.setitimer(signal.ITIMER_PROF, HANGS_S)  # its signal ends the process
            lines.write(json.dumps(what) + "\n")
            lines.flush()

        folders = _folders(lines.readline())
        for line in lines:
            trial, path, address = json.loads(line)
            tell(TRYING)
            # An error of the file is no crash: it is raised, and told, where the file is read.
            with contextlib.suppress(Exception):
                TRIALS[trial](path, address, Telling(folders, tell))
            tell(SURVIVED)
            signal.setitimer(signal.ITIMER_PROF, 0)


def _folders(line: str) -> Folders:
    readable, path_map, host = json.loads(line)
    return Folders(tuple(map(Path, readable)), tuple(PathMap(**each) for each in path_map), host)


class Telling(Noting):
    """Folders that tell of each file before it is opened, once."""

    _tell: Callable[[Any], None]

    def __init__(self, folders: Folders, tell: Callable[[Any], None]) -> None:
        super().__init__(folders)
        object.__setattr__(self, "_tell", tell)

    def check(self, path: str | os.PathLike[str]) -> Path:
        """As the folders say."""
        n_seen = len(self.seen)
        real = super().check(path)
        if len(self.seen) > n_seen:
            self._tell([str(real), self.seen[real]])
        return real


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the server has gone
        main()
