"""Raw downloads: the very file that was checked is sent, whatever its path leads to by then.

Tiled checks a path, asks for the file's size, and opens the path once more when it sends the answer
(tiled 0.2.20, ``server/router.py`` ``get_asset``): a symlink swapped meanwhile would lead outside.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse
from tiled.server import router

from framepath.files import Folders
from framepath.files.opened import regular_file

FOLDERS = "framepath_folders"
"""Where the application's state has the folders that may be read."""


class ConfinedFile(FileResponse):
    """A file as the answer, opened once, and inside the folders once it is open."""

    def __init__(self, path: Path, *, headers: Any = None, **options: Any) -> None:
        super().__init__(path, headers={"Content-Disposition": _named(path.name)}, **options)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it.

        Raises
        ------
        FileMissing, FileUnreadable, OutsideFolders
            It is gone, no regular file, or leads outside now.
        """
        folders: Folders = getattr(scope["app"].state, FOLDERS)
        with regular_file(Path(self.path), folders) as descriptor:
            self.path = f"/dev/fd/{descriptor}"
            self.stat_result = os.fstat(descriptor)
            for told in ("content-length", "last-modified", "etag"):
                del self.headers[told]
            self.set_stat_headers(self.stat_result)
            await super().__call__(scope, receive, send)


def _named(name: str) -> str:
    """The header that Tiled's client takes the name from, for names of every alphabet.

    Headers hold bytes; those of UTF-8 are what clients and browsers try first.
    """
    plain = "".join(character if character.isprintable() else "_" for character in name)
    return f'attachment; filename="{plain.encode(errors="replace").decode("latin-1")}"'


def install() -> None:
    """Let Tiled's routes answer so; once for the process."""
    router.FileResponse = ConfinedFile  # type: ignore[misc]
