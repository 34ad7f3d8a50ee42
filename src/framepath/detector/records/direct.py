"""Direct reads and writes of database fields: the one place that calls softioc's field access.

A Soft Channel record written this way keeps every edge and costs a microsecond; softioc's own In
records lose all but the last of fast changes. The call is not in softioc's public interface, hence
the pinned version.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any

import numpy as np
from softioc import fields, imports

from framepath.spec.params import Param

STRING_BYTES = 40

_SCALARS: dict[str, tuple[type, int]] = {
    "longin": (ctypes.c_int32, fields.DBF_LONG),  # type: ignore[attr-defined]
    "ai": (ctypes.c_double, fields.DBF_DOUBLE),  # type: ignore[attr-defined]
    "bi": (ctypes.c_uint16, fields.DBF_USHORT),  # type: ignore[attr-defined]
    "mbbi": (ctypes.c_uint16, fields.DBF_USHORT),  # type: ignore[attr-defined]
    "bo": (ctypes.c_uint16, fields.DBF_USHORT),  # type: ignore[attr-defined]
    "busy": (ctypes.c_uint16, fields.DBF_USHORT),  # type: ignore[attr-defined]
}

ARRAY_CODES: dict[str, tuple[str, int]] = {
    "CHAR": ("i1", fields.DBF_CHAR),  # type: ignore[attr-defined]
    "UCHAR": ("u1", fields.DBF_UCHAR),  # type: ignore[attr-defined]
    "SHORT": ("i2", fields.DBF_SHORT),  # type: ignore[attr-defined]
    "USHORT": ("u2", fields.DBF_USHORT),  # type: ignore[attr-defined]
    "LONG": ("i4", fields.DBF_LONG),  # type: ignore[attr-defined]
    "ULONG": ("u4", fields.DBF_ULONG),  # type: ignore[attr-defined]
    "FLOAT": ("f4", fields.DBF_FLOAT),  # type: ignore[attr-defined]
    "DOUBLE": ("f8", fields.DBF_DOUBLE),  # type: ignore[attr-defined]
}
"""``FTVL`` -> numpy type and field code."""


class Readback:
    """The VAL field of one Soft Channel record; writes process the record.

    Parameters
    ----------
    pv
        Full record name.
    param
        Its row; decides how values are converted.
    """

    def __init__(self, pv: str, param: Param) -> None:
        self._pv = pv
        self._lock = threading.Lock()  # the buffer is one a record
        self._param = param
        if param.record == "waveform":
            dtype, self._code = ARRAY_CODES[param.array_type]
            self._dtype = np.dtype(dtype)
            self.write = self._write_text if param.is_text else self._write_array
        elif param.is_text:
            self._text = ctypes.create_string_buffer(STRING_BYTES)
            self.write = self._write_string
        else:
            ctype, self._code = _SCALARS[param.record]
            self._cell = ctype()
            self._address = ctypes.addressof(self._cell)
            self.write = self._write_scalar

    def _write_scalar(self, value: Any) -> None:
        with self._lock:
            self._cell.value = value
            imports.db_put_field_process(self._pv, self._code, self._address, 1, True)

    def _write_string(self, value: Any) -> None:
        text = str(value).encode(errors="replace")[: STRING_BYTES - 1]
        with self._lock:
            self._text.value = text
            code = fields.DBF_STRING  # type: ignore[attr-defined]
            imports.db_put_field_process(self._pv, code, ctypes.addressof(self._text), 1, True)

    def _write_text(self, value: Any) -> None:
        # Clients expect the terminating NUL to be part of a long string.
        text = str(value).encode(errors="replace")[: self._param.array_length - 1] + b"\0"
        self._write_array(np.frombuffer(text, self._dtype))

    def _write_array(self, value: Any) -> None:
        values = np.ascontiguousarray(value, self._dtype).ravel()[: self._param.array_length]
        with self._lock:
            imports.db_put_field_process(
                self._pv, self._code, values.ctypes.data, values.size, True
            )


def read_text(pv: str) -> str:
    """A field as CA would give it as DBR_STRING: an enum as its state string."""
    buffer = ctypes.create_string_buffer(STRING_BYTES)
    code = fields.DBF_STRING  # type: ignore[attr-defined]
    imports.db_get_field(pv, code, ctypes.addressof(buffer), 1)
    return buffer.value.decode(errors="replace")


def write_field(pv: str, text: str) -> None:
    """Put text into a field such as ``PREFIX:FrameType.ZRST`` and process the record."""
    buffer = ctypes.create_string_buffer(text.encode()[: STRING_BYTES - 1], STRING_BYTES)
    code = fields.DBF_STRING  # type: ignore[attr-defined]
    imports.db_put_field_process(pv, code, ctypes.addressof(buffer), 1, True)
