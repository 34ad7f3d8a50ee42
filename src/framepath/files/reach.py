"""Everything that a file leads to, checked against the folders that may be read."""

from __future__ import annotations

from pathlib import Path

from framepath.errors import FileUnreadable, OutsideFolders
from framepath.files.containment import Folders
from framepath.files.opened import FileSet
from framepath.files.resolve import find_target
from framepath.files.walk import walk_links
from framepath.spec.links import LinkKind


def check_reach(folders: Folders, path: Path) -> None:
    """Check every file that ``path`` leads to; see `Folders.check_file_links`."""
    todo, seen = [path], {path}
    while todo:
        holder = todo.pop()
        for target in _targets(folders, holder, must_open=holder == path):
            if target not in seen:
                seen.add(target)
                todo.append(target)


def _targets(folders: Folders, holder: Path, *, must_open: bool) -> list[Path]:
    """Real paths of the HDF5 files that one file leads to, all inside the folders."""
    found: list[Path] = []
    with FileSet(folders) as files:
        try:
            file = files.open(holder)
        except FileUnreadable:
            if must_open:
                raise
            return []  # inside the folders, and nobody can read frames from it either
        for link in walk_links(file.h5):
            if link.kind is LinkKind.SOFT:
                continue
            target = find_target(
                link.kind, link.target_file, file.path, folders.path_map, folders.host
            )
            if target.path is None:
                continue  # whoever opens it later checks it then
            try:
                real = folders.check(target.path)
            except OutsideFolders as error:
                raise OutsideFolders(
                    f"this {link.kind} leads out of the folders that may be read",
                    found=f"{link.target_file!r}, which is {target.path}",
                    expected=error.expected,
                    where=f"{holder}:{link.address}",
                    next_step="move its target into one of the folders, or remove the link",
                ) from error
            if link.kind is not LinkKind.RAW:
                found.append(real)
    return found
