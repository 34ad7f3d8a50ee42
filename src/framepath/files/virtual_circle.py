"""Does a virtual dataset include itself? libhdf5 crashes on reading one that does."""

from __future__ import annotations

import h5py

from framepath.errors import FramepathError
from framepath.files.follow import Found, follow, look_up
from framepath.files.opened import FileSet, OpenFile
from framepath.files.resolve import SAME_FILE, find_target
from framepath.files.virtual_map import source_names
from framepath.spec.links import LinkKind


def leads_back(files: FileSet, file: OpenFile, address: str, source: Found) -> bool:
    """Whether a source of the virtual dataset at ``address`` includes that dataset again."""
    start = follow(files, file, address).identity
    todo, seen = [source], {source.identity}
    while todo:
        found = todo.pop()
        if found.identity == start:
            return True
        for inner in _sources(files, found):
            if inner.identity not in seen:
                seen.add(inner.identity)
                todo.append(inner)
    return False


def _sources(files: FileSet, found: Found) -> list[Found]:
    """Source datasets of a virtual dataset that can be opened; broken ones end there."""
    if not isinstance(found.node, h5py.Dataset) or not found.node.is_virtual:
        return []
    sources: list[Found] = []
    for file_name, address in {(s.file_name, s.dset_name) for s in found.node.virtual_sources()}:
        name = next(source_names(file_name))
        holder = found.file
        target = find_target(LinkKind.VIRTUAL, name, holder.path, files.path_map, files.host)
        try:
            if target.path is not None and name != SAME_FILE:
                holder = files.open(target.path)
            inner = look_up(files, holder, next(source_names(address)))
        except FramepathError:
            continue
        if target.path is not None and inner is not None:
            sources.append(inner)
    return sources
