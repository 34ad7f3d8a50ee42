"""Close a file that a killed writer left open: clear the mark, check, and cut nothing."""

from __future__ import annotations

import errno
import fcntl
import os
from os import PathLike, fspath
from pathlib import Path

import h5py

from framepath.errors import FileUnreadable, SettingsError, WriteFailed
from framepath.files.lookup3 import lookup3
from framepath.files.opened import regular_file
from framepath.files.superblock import Superblock, read_superblock

_OFFSET_WIDTH, _FLAGS, _ADDRESSES = 9, 11, 12
"""Bytes of a version 3 superblock: width of an address, consistency flags, first address."""


def close_file(path: str | PathLike[str], *, force: bool = False) -> bool:
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

    Returns
    -------
    False when the file carried no mark; nothing was changed then.

    Raises
    ------
    WriteFailed
        A process has the file open for writing.
    SettingsError
        That cannot be ruled out, and ``force`` is not set.
    FileMissing, FileUnreadable
        No HDF5 file, or damaged beyond the mark; it is then left as it was.
    """
    where = Path(path)
    with regular_file(where, None) as descriptor:
        block = read_superblock(descriptor)
        if block is None:
            raise FileUnreadable("this is not an HDF5 file", where=path)
        if not block.open_for_write:
            return False
        _refuse_live_writer(descriptor, where, force)
        size = _ADDRESSES + 4 * os.pread(descriptor, 1, block.offset + _OFFSET_WIDTH)[0] + 4
        before = os.pread(descriptor, size, block.offset)
        n_bytes = os.fstat(descriptor).st_size
    _write(where, block.offset, _cleared(before, max(block.end_of_file, n_bytes)))
    try:
        _visit_all(path)
    except (OSError, RuntimeError) as error:
        _write(where, block.offset, before)
        raise _beyond_repair(where, block) from error
    return True


def _cleared(superblock: bytes, end_of_file: int) -> bytes:
    """A version 3 superblock's bytes without the marks, for a file that ends there.

    The end of file matters: plain readers refuse every address behind it.
    """
    width = superblock[_OFFSET_WIDTH]
    at = _ADDRESSES + 2 * width
    body = bytearray(superblock[:-4])
    body[_FLAGS] = 0
    body[at : at + width] = end_of_file.to_bytes(width, "little")
    return bytes(body) + lookup3(bytes(body)).to_bytes(4, "little")


def _refuse_live_writer(descriptor: int, path: Path, force: bool) -> None:
    """Ask the kernel for a read lease, which it refuses while any process may write the file.

    Locks do not tell: a SWMR writer gives its lock up so that readers can open the file.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            raise WriteFailed(
                "the file is not closed",
                found="a process that has it open for writing",
                expected="a file whose writer is gone",
                where=path,
                next_step="let the writer close it (Capture 0), or end that process first",
            ) from error
        if not force:
            raise SettingsError(
                "the file is not closed, because a writer may still have it",
                found=f"a system that cannot tell ({error.strerror})",
                expected="your own file on a local file system",
                where=path,
                next_step="make sure that the writer is gone on every machine, then use --force",
            ) from error


def _write(path: Path, offset: int, superblock: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(superblock)
        file.flush()
        os.fsync(file.fileno())


def _visit_all(path: str | PathLike[str]) -> None:
    """Open every object and every chunk index; raises what h5py raises for a damaged file."""

    def look(name: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset) and item.chunks is not None:
            item.id.get_num_chunks()

    with h5py.File(fspath(path), "r") as file:
        file.visititems(look)


def _beyond_repair(path: Path, block: Superblock) -> FileUnreadable:
    return FileUnreadable(
        "the file cannot be closed: without the mark it cannot be read either",
        found="a writer that had SWMR on" if block.open_for_swmr else "a writer without SWMR",
        expected="a file in which every object can be opened",
        where=path,
        next_step=(
            "open it with swmr=True and copy what is readable"
            if block.open_for_swmr
            else "write with SWMR on: a killed writer without it leaves no usable file"
        ),
    )
