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


def verify_access_security(path: Path) -> None:
    """Check that the rules are in force; call when the IOC has started.

    Raises
    ------
    SettingsError
        EPICS did not take the file; the IOC has no servers then.
    """
    if not ctypes.c_int.in_dll(dbCore, "asActive").value:
        raise SettingsError(
            "EPICS does not understand the access security file",
            where=path,
            next_step="correct it at the line that EPICS names above",
        )
