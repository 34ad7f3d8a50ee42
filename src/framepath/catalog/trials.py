"""What the server does with a file it does not know yet, to be tried where a crash costs nothing.

libhdf5 itself crashes, or never comes back, on some damaged files: on opening a dataset whose
layout was damaged, on reading its mappings. Each trial goes the way of the server, through the same
folders, up to the stored bytes of the first frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h5py

from framepath.catalog.opener import open_any
from framepath.catalog.stored_node import attributes_of, element_type, names_of
from framepath.errors import FileUnreadable
from framepath.files import Folders, frame_types, open_frames
from framepath.files.follow import follow
from framepath.files.opened import FileSet
from framepath.files.virtual_map import grows_with_sources, recorded_shape


def try_frames(path: str, address: str, folders: Folders) -> None:
    """As `Opener.opened`: every file behind an address, and the first frame."""
    opened: Any = open_any(path, address, folders)
    try:
        if len(opened.shape) > 2 and opened.shape[0] and opened.stored_chunk(0) is None:
            opened[0, :1, :1]
    finally:
        try:
            opened.visit_files()
        finally:
            opened.close()


def try_node(path: str, address: str, folders: Folders) -> None:
    """As `Opener.node`: what a group or dataset says of itself."""
    with FileSet(folders) as files:
        node = follow(files, files.open(path), address).node
        attributes_of(node)
        if isinstance(node, h5py.Group):
            names_of(node)
        elif isinstance(node, h5py.Dataset):
            recorded_shape(node)
            grows_with_sources(node)
            element_type(node)


def try_links(path: str, address: str, folders: Folders) -> None:
    """As `Opener.check_links`: everything that a file leads to."""
    folders.check_file_links(path)


def try_file(path: str, address: str, folders: Folders) -> None:
    """As `register`: find the frames of each type, and count them."""
    with FileSet(folders) as files:
        files.open(path)
    try:
        addresses = frame_types(path, folders=folders)
    except FileUnreadable:
        return
    for found in addresses.values():
        with open_frames(path, found, folders=folders) as frames:
            list(frames.gaps)  # looks for files


TRIALS: dict[str, Callable[[str, str, Folders], None]] = {
    "frames": try_frames,
    "node": try_node,
    "links": try_links,
    "file": try_file,
}
"""By the name under which the server asks for them: path, address in it, folders."""
