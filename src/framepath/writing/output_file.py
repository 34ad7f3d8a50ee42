"""The HDF5 file under the writer: created, locked against a second writer, renamed when closed."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import h5py

from framepath.errors import FrameRefused, LayoutError, WriteFailed
from framepath.writing.hdf5_values import HDF5_FAILURES
from framepath.writing.settings import WriterSettings

_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
"""The file system has no locks: two writers cannot be told apart there."""

SWMR_LIBVER = ("v110", "v110")
"""Needed for SWMR, and read by HDF5 1.10 tools (file formats, section 4)."""

PLAIN_LIBVER = ("earliest", "v110")
"""Read by the oldest tools; a killed writer's file opens as it is."""

_NEXT_STEPS = {
    errno.ENAMETOOLONG: "shorten the file name or its folder",
    errno.ENOENT: "create the folder, or set CreateDirectory",
    errno.ENOTDIR: "correct the path: a part of it is a file",
    errno.EACCES: "ask for the right to write there, or choose another folder",
    errno.EROFS: "choose a folder on a file system that can be written",
    errno.ENOSPC: "free space, or choose another file system",
    errno.EISDIR: "add a file name to the folder",
}


@contextmanager
def failures_as(summary: str, path: Path) -> Iterator[None]:
    """Turn whatever h5py raises into WriteFailed."""
    try:
        yield
    except (WriteFailed, LayoutError, FrameRefused):
        raise
    except HDF5_FAILURES as error:
        raise write_failed(summary, path, error) from error


def write_failed(summary: str, path: Path, error: Exception) -> WriteFailed:
    """The error for a refused write, with the operating system's reason where there is one."""
    number = getattr(error, "errno", None)
    failed = WriteFailed(
        summary,
        found=os.strerror(number) if number else str(error),
        where=path,
        next_step=_NEXT_STEPS.get(number or 0, "write on in another file; this one is as flushed"),
    )
    failed.errno = number
    return failed


class OutputFile:
    """An HDF5 file that is being written.

    Parameters
    ----------
    path
        Final name; with ``TempSuffix`` the file has that suffix until `close`.

    Raises
    ------
    WriteFailed
        The file cannot be made, is being written by somebody else, or exists in strict mode
        without ``overwrite``.
    """

    def __init__(self, path: Path, settings: WriterSettings) -> None:
        self.path = path
        self._settings = settings
        self.working_path = path.with_name(path.name + settings.temp_suffix)
        self._lock: int | None = None
        self._refuse_existing()
        with failures_as("the file cannot be made", self.working_path):
            _check_creatable(self.working_path)
            self.h5 = h5py.File(
                self.working_path,
                "w",
                libver=SWMR_LIBVER if settings.swmr else PLAIN_LIBVER,
                alignment_threshold=settings.boundary_threshold if settings.boundary_align else 1,
                alignment_interval=settings.boundary_align or 1,
            )

    def _refuse_existing(self) -> None:
        if self._settings.keeps_existing and os.path.lexists(self.path):
            raise WriteFailed(
                "there is already a file of this name",
                found=f"{self.path.stat().st_size} bytes",
                expected="a new name (strict mode never truncates data)",
                where=self.path,
                next_step="choose another name, or set overwrite",
            )

    def start(self, swmr: bool) -> None:
        """Put the finished layout on disk; with ``swmr`` readers may follow from now on."""
        self.h5.flush()
        if not swmr:
            return
        self.h5.swmr_mode = True
        # libhdf5 gives up its own lock here, so that readers may open; a shared lock lets them
        # in and still keeps a second writer, who asks for an exclusive one, out.
        self._lock = os.open(self.working_path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise

    def close(self) -> None:
        """Close the file and give it its final name.

        Raises
        ------
        WriteFailed
            What was left could not be written, or the file could not be renamed.
        """
        try:
            with failures_as("the file cannot be closed", self.working_path):
                self.h5.flush()
                self.h5.close()
        except WriteFailed:
            self.abandon()
            raise
        self._unlock()
        if self.working_path != self.path:
            with failures_as("the file cannot be given its final name", self.working_path):
                self.working_path.replace(self.path)

    def discard(self) -> None:
        """Close and remove a file in which no frame has been."""
        self.abandon()
        self.working_path.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Let go of the file as it is on disk, after a write that failed.

        libhdf5 would write what it still holds, fail again, and damage its own memory so that the
        next file crashes the process. What it writes from here on goes to the null device.
        """
        if self.h5.id.valid:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, self.h5.id.get_vfd_handle(), inheritable=False)
            os.close(nowhere)
            with suppress(*HDF5_FAILURES):
                self.h5.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _check_creatable(path: Path) -> None:
    """Find out with the operating system's own words whether the file can be made and is free."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise WriteFailed(
            "another program has this file open",
            found="a lock on it",
            expected="a file that nobody writes",
            where=path,
            next_step="close it there, or choose another name",
        ) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    finally:
        os.close(descriptor)
