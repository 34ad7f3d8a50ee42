"""A folder of image files, looked for on both hosts before a frame is taken."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from framepath.acquire.pvs.connection import value_of
from framepath.errors import StagingError

VISIBLE_S = 5.0
"""Seconds for a folder that the IOC has just made to be seen here: network folders are cached."""


def check_folder(part: Any, here: Path, cure: str) -> None:
    """Check that the folder that FilePath names exists for the IOC, and here.

    Parameters
    ----------
    part
        Device with ``file_path`` and ``file_path_exists``.
    here
        What the folder should be here.
    cure
        Where the user names the folder, e.g. ``area_detector(files=...)``.

    Raises
    ------
    StagingError
        Names both spellings, and the host that lacks the folder.
    """
    on_ioc, where = value_of(part.file_path), part.file_path.setpoint_pvname
    if not value_of(part.file_path_exists):
        raise StagingError(
            "the folder for image files does not exist where the IOC runs",
            found=f"{on_ioc!r} on the IOC's host: FilePathExists_RBV No",
            expected=f"the folder that is {str(here)!r} here, writable for the IOC",
            where=where,
            next_step=f"create it on the IOC's host, or correct {cure}",
        )
    if not _appears(here):
        raise StagingError(
            "the IOC's folder for image files is not visible here",
            found=f"no folder {str(here)!r} here",
            expected=f"the folder that the IOC knows as {on_ioc!r}",
            where=where,
            next_step=f"mount it here, or correct {cure}",
        )


def _appears(folder: Path) -> bool:
    until = time.monotonic() + VISIBLE_S
    pause = threading.Event()
    while not folder.is_dir():
        if time.monotonic() > until:
            return False
        pause.wait(0.05)
    return True
