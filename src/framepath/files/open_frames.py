"""`open_frames`: frames of any HDF5 file as one lazy stack."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from framepath.errors import FramepathError, LinkBroken
from framepath.files.containment import Folders
from framepath.files.find import find_frame_types, find_frames
from framepath.files.opened import FileSet, hdf5_errors
from framepath.files.source import Gap
from framepath.files.sources import open_source
from framepath.files.stack import Origin, StoredFrames
from framepath.spec.frame_type import FrameType


def open_frames(
    path: str | os.PathLike[str],
    address: str | None = None,
    *,
    folders: Folders | None = None,
    swmr: bool | None = None,
    strict: bool = False,
) -> StoredFrames:
    """Open the frames of an HDF5 file; no pixel is read yet.

    Parameters
    ----------
    path
        Data file or master file.
    address
        Of a dataset (frames, y, x, ...), or of a group with an Eiger master's ``data_000001``,
        ... links. None looks for it, in this order: ``/entry/data/data``, ``/exchange/data``, the
        links of an Eiger master, then the only dataset of three axes or more in the file.
    folders
        Folders that may be read; None leaves that to the operating system.
    swmr
        Read a file that is being written; None asks the file.
    strict
        Raise for frames whose file is missing now, instead of when they are read.

    Raises
    ------
    FileMissing, FileUnreadable
        There is no such file, it is damaged, or it has no such frames.
    LinkBroken
        A link on the way to the frames leads nowhere.
    OutsideFolders
        The path, or a link on the way, leads out of ``folders``.
    """
    with _closing_on_error(FileSet(folders)) as files, hdf5_errors(path):
        found = find_frames(files, files.open(path, swmr), address)
        source = open_source(files, found)
        if strict and source.gaps:
            source.close()
            raise _refused(source.gaps, os.fspath(path))
    origin = Origin(
        path=str(Path.cwd() / path),
        address=found.asked,
        kind=source.kind,
        arguments={"folders": folders, "swmr": swmr},
    )
    return StoredFrames(source, origin)


def open_again(path: str, address: str, arguments: dict[str, Any]) -> StoredFrames:
    """Open in another process what a pickled stack read."""
    return open_frames(path, address, **arguments)


def frame_types(
    path: str | os.PathLike[str], *, folders: Folders | None = None
) -> dict[FrameType, str]:
    """Address of each frame type's dataset in a file.

    By framepath's own names, else by Data Exchange's; a file with neither holds images only. A
    dataset may hold no frame at all. Errors as `open_frames`.
    """
    with FileSet(folders) as files, hdf5_errors(path):
        return find_frame_types(files, files.open(path))


@contextmanager
def _closing_on_error(files: FileSet) -> Iterator[FileSet]:
    try:
        yield files
    except FramepathError:
        files.close()
        raise


def _refused(gaps: tuple[Gap, ...], path: str) -> LinkBroken:
    return LinkBroken(
        f"{len(gaps)} files of this stack are missing",
        found="; ".join(gap.reason for gap in gaps[:3]),
        where=path,
        next_step="open it without strict to read the frames that are there",
    )
