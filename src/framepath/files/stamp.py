"""What tells one state of a file from another without reading it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Stamp(NamedTuple):
    """A file as it is now: which one, how long, and when it was last written.

    Attributes
    ----------
    device, inode
        Which file of this machine.
    n_bytes, modified_ns
        Size, and Unix time of the last write in ns, as exact as the file system keeps it: two
        writes within its clock tick (1 to 4 ms) that leave the size as it was look like one.
    """

    device: int
    inode: int
    n_bytes: int
    modified_ns: int

    def __str__(self) -> str:
        return f"{self.n_bytes} bytes written at {self.modified_ns / 1e9:.3f} s"


def stamp_of(file: int | Path) -> Stamp | None:
    """Stamp of an open descriptor, or of the file a path leads to; None when there is none."""
    try:
        status = os.stat(file)  # noqa: PTH116 - a descriptor has no Path
    except OSError:
        return None
    return Stamp(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
