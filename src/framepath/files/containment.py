"""The folders that may be read, and what lies outside them.

A path is judged by where it really leads: path maps first, then ``..`` and symlinks. Readers open
every linked file themselves, through `framepath.files.opened`, which compares the file that HDF5
opened with the file that was checked: swapping a path between check and open is an error, and no
byte of the swapped file is returned. What remains: HDF5 has by then parsed that file's superblock,
and whoever may write to a readable folder may always put bytes there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from framepath.config.paths import Host, PathMap, translated
from framepath.errors import OutsideFolders


@dataclass(frozen=True)
class Folders:
    """Folders that may be read.

    Attributes
    ----------
    readable
        Folders; everything really below one of them may be read. None at all: nothing may.
    path_map
        Other hosts' spellings of folders, applied before anything is checked.
    host
        Whose spelling of the maps is the one that this process can open.
    """

    readable: tuple[Path, ...]
    path_map: tuple[PathMap, ...] = ()
    host: Host = "here"
    _real: tuple[Path, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        real = tuple(Path(os.path.realpath(folder)) for folder in self.readable)
        object.__setattr__(self, "_real", real)

    def check(self, path: str | os.PathLike[str]) -> Path:
        """Real path that opening ``path`` would read, which may not exist.

        Raises
        ------
        OutsideFolders
            It lies outside the readable folders.
        """
        written = os.fspath(path)
        here = translated(written, self.path_map, self.host) or written
        real = Path(os.path.realpath(here))
        if not self.contains(real):
            raise OutsideFolders(
                "this path may not be read",
                found=real if str(real) == written else f"{written!r}, which is {real}",
                expected=f"a path below {', '.join(map(str, self._real)) or '(no folder)'}",
                next_step="add its folder to the readable folders, or move the file into one",
            )
        return real

    def contains(self, real: Path) -> bool:
        """Whether a path that is already real lies in a readable folder."""
        return any(real.is_relative_to(folder) for folder in self._real)

    def check_file_links(self, path: str | os.PathLike[str]) -> None:
        """Check a file and, recursively, every external link, VDS source and raw file of it.

        Targets that do not exist are checked by the path they name. HDF5 follows none of them.

        Raises
        ------
        OutsideFolders
            Something leads outside; the message names the link.
        FileUnreadable, LinkBroken
            The file itself cannot be opened.
        """
        from framepath.files.reach import check_reach

        check_reach(self, self.check(path))
