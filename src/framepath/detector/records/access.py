"""Access security: who may write which PV, as an EPICS file of rules says."""

from __future__ import annotations

import ctypes
from pathlib import Path

from epicscorelibs.ioc import dbCore

from framepath.errors import SettingsError


def set_access_security(path: Path) -> None:
    """Have the rules of a file loaded when the IOC starts; call before that.

    Raises
    ------
    SettingsError
        There is no such file (EPICS would start without any protection).
    """
    if not path.is_file():
        raise SettingsError(
            "the access security file is not there",
            where=path,
            next_step="correct --access, or leave it out",
        )
    set_filename = dbCore.asSetFilename
    set_filename.argtypes = (ctypes.c_char_p,)
    set_filename(str(path).encode())
