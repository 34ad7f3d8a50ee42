"""The ``busy`` record type, which EPICS base does not have, made of base's ``bo``.

A busy record is a bo whose put-callback lasts until its work is done. Here a hidden companion
record lets it last (see `build`), so that the type itself needs no code: its definition is bo's
under another name, and it uses bo's record support.
"""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path
from typing import Any

import epicscorelibs.path
from epicscorelibs.ioc import dbCore, pdbbase
from softioc import builder, device, imports, pythonSoftIoc

_DEVICES = 'device(busy, CONSTANT, devBoSoft, "Soft Channel")\n'
_PYTHON_DEVICE = 'device(busy, INST_IO, devPython_busy, "Python")\n'


class _RecordSupport(ctypes.Structure):
    """recordTypeLocation of epics-base's registryRecordType.h."""

    _fields_ = (("rset", ctypes.c_void_p), ("size_offset", ctypes.c_void_p))


class _Registration:
    """The support of bo registered for busy; the library keeps pointers into this object."""

    def __init__(self) -> None:
        find = dbCore.registryRecordTypeFind
        find.restype = ctypes.POINTER(_RecordSupport)
        find.argtypes = (ctypes.c_char_p,)
        register = dbCore.registerRecordTypes
        register.restype = None
        self._names = (ctypes.c_char_p * 1)(b"busy")
        self._support = (_RecordSupport * 1)(find(b"bo").contents)
        register(pdbbase, 1, self._names, self._support)


def _definition() -> str:
    text = (Path(epicscorelibs.path.base_path) / "dbd" / "boRecord.dbd").read_text()
    lines = text.replace("recordtype(bo)", "recordtype(busy)").splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith("%"))


registrations: list[_Registration] = []
"""Kept alive as long as the process."""


def _load() -> Any:
    """Define the type in the database and in the builder; return its Python Out record."""
    folder = str(Path(epicscorelibs.path.base_path) / "dbd")
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "busyRecord.dbd"
        path.write_text(_definition() + _DEVICES + _PYTHON_DEVICE)
        imports.dbLoadDatabase(str(path), folder, None)
        builder.LoadDbdFile(str(path))
    registrations.append(_Registration())

    class PythonBusy(device.bo):
        """softioc's Python device support, registered for this record type too."""

        _record_type_ = "busy"
        _device_name_ = "devPython_busy"

    imports.registerRecordDeviceDriver(pdbbase)
    return pythonSoftIoc.PythonDevice.makeRecord(
        getattr(builder.records, "busy"),  # noqa: B009 - known only since the lines above
        PythonBusy,
    )


_make = _load()


def busy_out(name: str, **fields: Any) -> Any:
    """A busy record whose puts reach Python; like ``softioc.builder.boolOut``."""
    fields.setdefault("OMSL", "supervisory")
    return _make(name, **fields)
