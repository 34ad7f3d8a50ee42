"""The kind of source that fits what was found."""

from __future__ import annotations

from functools import partial

import h5py

from framepath.errors import FileUnreadable
from framepath.files.concatenated import DataFiles, data_links
from framepath.files.dataset_source import DatasetSource, checked
from framepath.files.follow import Found
from framepath.files.opened import FileSet
from framepath.files.source import FrameSource
from framepath.files.virtual import VirtualFrames
from framepath.files.virtual_irregular import IrregularVirtualFrames
from framepath.files.virtual_map import read_mappings

Identity = tuple[int, int, int]


def open_source(files: FileSet, found: Found, inside: tuple[Identity, ...] = ()) -> FrameSource:
    """Open the frames that were found.

    Parameters
    ----------
    files
        What is open; closed with the source, or by the caller after an error.
    found
        A dataset, or the group of an Eiger master's data links.
    inside
        Virtual datasets that lead here: meeting one of them again is a circle.

    Raises
    ------
    FileUnreadable
        It holds no frames, or it includes itself.
    LinkBroken, OutsideFolders
        What it needs to know its shape is not there, or may not be read.
    """
    if found.identity in inside:
        raise FileUnreadable(
            "a virtual dataset includes itself",
            where=f"{found.file.path}:{found.address}",
            next_step="correct its mapping; HDF5 itself crashes on reading it",
        )
    open_child = partial(open_source, inside=(*inside, found.identity))
    if isinstance(found.node, h5py.Group) and data_links(found.node):
        return DataFiles(files, found, open_child)
    dataset = checked(found)
    if dataset.is_virtual:
        mappings = read_mappings(dataset)
        if mappings is None:
            return IrregularVirtualFrames(files, found, open_child)
        return VirtualFrames(files, found, mappings, open_child)
    return DatasetSource(files, found)
