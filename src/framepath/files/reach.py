"""Everything that a file leads to, checked against the folders that may be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from framepath.errors import FileUnreadable, OutsideFolders
from framepath.files.containment import Folders
from framepath.files.follow import leads_out
from framepath.files.opened import FileSet, OpenFile
from framepath.files.resolve import find_target
from framepath.files.virtual_map import source_names
from framepath.files.walk import WrittenLink, walk_links
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
            if link.kind is not LinkKind.SOFT:
                reals = list(_checked_targets(folders, file, link))
                found += reals if link.kind is not LinkKind.RAW else []
    return found


def _checked_targets(folders: Folders, file: OpenFile, link: WrittenLink) -> Iterator[Path]:
    """Files of one link that exist; whoever opens one that appears later checks it then."""
    virtual = link.kind is LinkKind.VIRTUAL
    for name in source_names(link.target_file) if virtual else [link.target_file]:
        target = find_target(link.kind, name, file.path, folders.path_map, folders.host)
        if target.path is None:
            return
        try:
            yield folders.check(target.path)
        except OutsideFolders as error:
            raise leads_out(link.kind, name, file.path, link.address, error) from error
