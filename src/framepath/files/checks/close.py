"""Close a file that a killed writer left open: clear the mark, check, and cut nothing."""

from __future__ import annotations

import errno
import fcntl
import os
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

import h5py

from framepath.errors import FileUnreadable, SettingsError
from framepath.files.checks.superblock import Superblock, read_superblock


@dataclass(frozen=True, slots=True)
class Closed:
    """What `close_file` did.

    Attributes
    ----------
    file
        Path as given.
    was_open
        The mark was there; False means that nothing was changed.
    """

    file: str
    was_open: bool

    def __str__(self) -> str:
        if not self.was_open:
            return f"{self.file} is closed already; nothing changed"
        return f"{self.file}: the writer's mark is cleared; no frame was cut or added"


def close_file(path: str | PathLike[str], *, force: bool = False) -> Closed:
    """Clear the mark of a writer that is no more, so that plain readers open the file.

    Only the superblock is written: the consistency flags, and the end of file, which a SWMR writer
    records at close alone. Frames and rows stay as they are, even where their counts differ.

    Parameters
    ----------
    path
        The file that was being written.
    force
        Go on where the system cannot tell whether a process still writes the file: on network
        file systems, and for files of another user.

    Raises
    ------
    SettingsError
        A process has the file open for writing, or that cannot be ruled out.
    FileUnreadable
        Not an HDF5 file, or damaged beyond the mark; it is then left as it was.
    """
    block = read_superblock(path)
    if not block.open_for_write:
        return Closed(fspath(path), was_open=False)
    _refuse_live_writer(path, force)
    where = Path(path)
    before = block.raw
    _write(where, block, block.cleared(where.stat().st_size))
    try:
        _visit_all(path)
    except (OSError, RuntimeError) as error:
        _write(where, block, before)
        raise FileUnreadable(
            "the file is damaged: it cannot be read without the mark either",
            found=error,
            expected="a file whose writer used SWMR, or flushed before it died",
            where=path,
            next_step="open it with swmr=True, or start from the last file that was closed",
        ) from error
    return Closed(fspath(path), was_open=True)


def _refuse_live_writer(path: str | PathLike[str], force: bool) -> None:
    """Ask the kernel for a read lease, which it refuses while any process may write the file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            raise SettingsError(
                "the file is not closed",
                found="a process that has it open for writing",
                expected="a file whose writer is gone",
                where=path,
                next_step="let the writer close it (Capture 0), or end that process first",
            ) from error
        if not force:
            raise SettingsError(
                "the file is not closed: whether a writer still has it cannot be told",
                found=error.strerror,
                expected="a file of yours on a local file system",
                where=path,
                next_step="make sure that the writer is gone on every machine, then use --force",
            ) from error
    finally:
        os.close(descriptor)


def _write(path: Path, block: Superblock, raw: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(block.position)
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def _visit_all(path: str | PathLike[str]) -> None:
    """Open every object and every chunk index; raises what h5py raises for a damaged file."""

    def look(name: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset) and item.chunks is not None:
            item.id.get_num_chunks()

    with h5py.File(fspath(path), "r") as file:
        file.visititems(look)
