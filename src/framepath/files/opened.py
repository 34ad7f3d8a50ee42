"""Open HDF5 files for reading: checked, identified, and with errors that say why not."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py

from framepath.config.paths import Host, PathMap, translated
from framepath.errors import FileMissing, FileUnreadable, FramepathError, OutsideFolders
from framepath.files.containment import Folders
from framepath.files.stamp import Stamp, stamp_of
from framepath.files.superblock import Superblock, read_superblock

_LOOKS = 20
_LOOK_AGAIN_S = 0.005
"""Network file systems may show half of what a writer wrote at once, for a moment."""


@dataclass(frozen=True, eq=False)
class OpenFile:
    """One HDF5 file open for reading.

    Attributes
    ----------
    h5
        The file; HDF5 must not be asked to follow links out of it.
    path
        As opened: libhdf5 looks for a relative target beside this, then beside the real path.
    stamp
        The file as it was before HDF5 opened it.
    descriptor
        Of the very file that HDF5 reads; closed with it.
    """

    h5: h5py.File
    path: Path
    stamp: Stamp
    descriptor: int

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return self.stamp.device, self.stamp.inode

    @property
    def live(self) -> bool:
        """Whether the file may still grow: opened as a SWMR reader, or written by this process."""
        return self.h5.swmr_mode or self.h5.mode != "r"

    def check_unchanged(self) -> None:
        """Prove that what was just read belongs to the file as it was opened.

        Raises
        ------
        FileUnreadable
            A writer changed the file meanwhile: no lock of ours keeps it from that.
        """
        now = stamp_of(self.descriptor)
        if now != self.stamp and not self.live:
            raise FileUnreadable(
                "the file was changed since it was opened",
                found=now,
                expected=self.stamp,
                where=self.path,
                next_step="open it again once its writer is done",
            )


class FileSet:
    """The files that one reader holds open; each is opened once.

    Parameters
    ----------
    folders
        Folders that may be read; None leaves it to the operating system.
    path_map
        Other hosts' spellings; those of ``folders`` when none are given.
    """

    def __init__(
        self,
        folders: Folders | None = None,
        path_map: tuple[PathMap, ...] = (),
    ) -> None:
        self.folders = folders
        self.path_map = path_map or (folders.path_map if folders else ())
        self.host: Host = folders.host if folders else "here"
        self._open: dict[Path, OpenFile] = {}

    def open(self, path: str | os.PathLike[str], swmr: bool | None = None) -> OpenFile:
        """Open a file, or return it when it is open already.

        ``swmr`` True or False insists; None reads the file's own mark.

        Raises
        ------
        FileMissing, FileUnreadable, OutsideFolders
        """
        # Maps come first: another host's absolute path may look relative here.
        path = translated(os.fspath(path), self.path_map, self.host) or path
        path = self.real_folder(path)
        real = self.real(path)
        if real not in self._open:
            self._open[real] = _open_checked(path, real, self.folders, swmr)
        return self._open[real]

    @staticmethod
    def real_folder(path: str | os.PathLike[str]) -> Path:
        """Path in its real folder; a last component that is a symlink stays one."""
        return Path(os.path.realpath(Path(path).parent)) / Path(path).name

    def real(self, path: Path) -> Path:
        """Real path of a path; OutsideFolders when it may not be read."""
        return self.folders.check(path) if self.folders else Path(os.path.realpath(path))

    def another(self) -> FileSet:
        """An empty set with the same folders and maps, to be closed on its own."""
        return FileSet(self.folders, self.path_map)

    def close(self) -> None:
        """Close every file."""
        for opened in self._open.values():
            opened.h5.close()
        self._open.clear()

    def __enter__(self) -> FileSet:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _open_checked(path: Path, real: Path, folders: Folders | None, swmr: bool | None) -> OpenFile:
    with regular_file(real, folders) as descriptor:
        superblock = _judged(descriptor, real)
        stamp = stamp_of(descriptor)
        assert stamp is not None
        if swmr is None:
            swmr = superblock.open_for_swmr
        try:
            h5 = h5py.File(real, "r", swmr=swmr)
        except OSError as error:
            raise _unopenable(real, superblock) from error
    own = h5.id.get_vfd_handle()
    status = os.fstat(own)
    if (status.st_dev, status.st_ino) != stamp[:2]:
        h5.close()
        raise FileUnreadable(
            "the file was replaced by another one while it was being opened",
            where=real,
            next_step="read it again when nothing is renaming files there",
        )
    opened = OpenFile(h5, path, stamp, own)
    if not opened.live:
        _let_writers_in(own)
    return opened


def _let_writers_in(descriptor: int) -> None:
    """Give up the shared lock that HDF5 holds on a file for as long as it is open.

    It has told that nobody was writing, and would keep a writer from opening the file from now on;
    readers prove with `OpenFile.check_unchanged` that nobody did. Opening without a lock
    (``locking=False``) would read files of the old format while somebody writes them, and HDF5
    refuses to open one file with and without locking in one process.
    """
    with contextlib.suppress(OSError):  # a file system without locks has none to give up
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def hdf5_errors(where: object) -> Iterator[None]:
    """Turn what h5py raises about a damaged file, or one of an unknown kind, into FileUnreadable.

    h5py has no exception of its own: HDF5's failures come as any of these builtins.
    """
    try:
        yield
    except FramepathError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise FileUnreadable(
            "HDF5 cannot read this: it is damaged, or too new for this library",
            found=error,
            where=where,
            next_step="check the file with h5dump, or copy it again from where it was written",
        ) from error


@contextmanager
def regular_file(real: Path, folders: Folders | None) -> Iterator[int]:
    """A descriptor of an existing regular file that is inside ``folders`` now that it is open.

    Raises
    ------
    FileMissing, FileUnreadable, OutsideFolders
    """
    try:
        # A FIFO would otherwise block until somebody writes to it.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileMissing("no such file", where=real, next_step="check the name") from error
    except OSError as error:
        raise FileUnreadable(
            "the file may not be read", found=error.strerror, where=real
        ) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileUnreadable("this is not a regular file", where=real)
        if folders is not None and not folders.contains(_path_of(descriptor, real)):
            raise OutsideFolders("the path was changed while it was being opened", where=real)
        yield descriptor
    finally:
        os.close(descriptor)


def _path_of(descriptor: int, real: Path) -> Path:
    """Where an open descriptor really leads; Linux says so, elsewhere the path is asked again."""
    proc = f"/proc/self/fd/{descriptor}"
    return Path(os.path.realpath(proc if os.path.lexists(proc) else real))


def _superblock(descriptor: int) -> Superblock | None:
    """Superblock of an open file; read again while a writer may be in the midst of writing it."""
    superblock = read_superblock(descriptor)
    for _ in range(_LOOKS):
        if superblock is None or superblock.whole:
            break
        time.sleep(_LOOK_AGAIN_S)
        superblock = read_superblock(descriptor)
    return superblock


def _judged(descriptor: int, real: Path) -> Superblock:
    """Superblock of a file that looks whole."""
    size = os.fstat(descriptor).st_size
    superblock = _superblock(descriptor)
    if superblock is None:
        raise FileUnreadable(
            "this is not an HDF5 file",
            found=f"{size} bytes without an HDF5 signature" if size else "an empty file",
            where=real,
            next_step="check that the copy is complete and the name right",
        )
    if not superblock.whole:
        raise FileUnreadable(
            "the superblock of the HDF5 file is damaged",
            found="a checksum that does not fit",
            where=real,
            next_step="copy it again from where it was written",
        )
    if superblock.end_of_file > size and not superblock.open_for_write:
        raise FileUnreadable(
            "the HDF5 file is cut short",
            found=f"{size} bytes",
            expected=f"at least {superblock.end_of_file} bytes",
            where=real,
            next_step="copy it again from where it was written",
        )
    return superblock


def _unopenable(real: Path, superblock: Superblock) -> FileUnreadable:
    if superblock.open_for_write:
        return FileUnreadable(
            "a writer has this file open, or died with it open",
            found=f"the {'SWMR' if superblock.open_for_swmr else 'write'} mark in its superblock",
            where=real,
            next_step="wait for the writer; if it is dead: framepath ledger --close",
        )
    return FileUnreadable(
        "HDF5 cannot open this file",
        where=real,
        next_step="h5dump or h5debug say more; a lock left by a writer also does this",
    )
