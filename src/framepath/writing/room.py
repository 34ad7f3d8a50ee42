"""Watch the file system fill up, and stop while the file can still be completed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from framepath.errors import WriteFailed
from framepath.writing.output_file import write_failed

_FOR_METADATA = 2 * 2**20


class NearlyFull(WriteFailed):
    """There is just enough space left to complete the file."""


class FreeSpace:
    """Counts what is written against the space that is left.

    Asking the file system for each frame would be dear on a network, so it is asked again when
    half of what was free is used up, and after every `look_again`.

    Parameters
    ----------
    folder
        Where the file is.
    closing_bytes
        What completing the file may need: attribute rows, tables, frames still being encoded.
    """

    def __init__(self, folder: Path, closing_bytes: int) -> None:
        self._folder = folder
        self._reserve = closing_bytes + _FOR_METADATA
        self._until_next_look = 0

    def spend(self, n_bytes: int) -> None:
        """Announce a write.

        Raises
        ------
        NearlyFull
            It would leave too little to complete the file; nothing was written.
        """
        self._until_next_look -= n_bytes
        if self._until_next_look >= 0:
            return
        try:
            status = os.statvfs(self._folder)
        except OSError as error:
            raise write_failed("the folder is gone", self._folder, error) from error
        left = status.f_bavail * status.f_frsize - self._reserve - n_bytes
        if left < 0:
            failure = NearlyFull(
                "the file system is nearly full",
                found=f"{left + self._reserve + n_bytes} bytes free",
                expected=f"{n_bytes} for a frame and {self._reserve} to complete the file",
                where=self._folder,
                next_step="free space, or choose another file system; this file is complete "
                "up to the frame before",
            )
            failure.errno = errno.ENOSPC
            raise failure
        self._until_next_look = left // 2

    def look_again(self) -> None:
        """Ask the file system before the next frame: others may have filled it."""
        self._until_next_look = 0
