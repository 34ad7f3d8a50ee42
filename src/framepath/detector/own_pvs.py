"""EPICS_PV attributes of the IOC's own records, read from its database at the moment of the frame.

A C++ IOC uses a monitor, whose value may be older than the frame; this read cannot be.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass

from softioc import fields, imports

from framepath.detector.records.direct import STRING_BYTES, read_text
from framepath.layout.attributes_model import DbrType
from framepath.spec.ndattribute import STRING_BYTES as ATTRIBUTE_BYTES
from framepath.spec.ndattribute import NDAttrType, NDAttrValue
from framepath.spec.params import Param


@dataclass(frozen=True, slots=True)
class _Native:
    kind: NDAttrType
    ctype: type
    code: int


_SHORT = _Native(NDAttrType.INT16, ctypes.c_int16, fields.DBF_SHORT)  # type: ignore[attr-defined]
_CHAR = _Native(NDAttrType.INT8, ctypes.c_int8, fields.DBF_CHAR)  # type: ignore[attr-defined]
_LONG = _Native(NDAttrType.INT32, ctypes.c_int32, fields.DBF_LONG)  # type: ignore[attr-defined]
_FLOAT = _Native(NDAttrType.FLOAT32, ctypes.c_float, fields.DBF_FLOAT)  # type: ignore[attr-defined]
_DOUBLE = _Native(NDAttrType.FLOAT64, ctypes.c_double, fields.DBF_DOUBLE)  # type: ignore[attr-defined]

_BY_DBR = {
    DbrType.CHAR: _CHAR,
    DbrType.SHORT: _SHORT,
    DbrType.INT: _SHORT,
    DbrType.ENUM: _SHORT,
    DbrType.LONG: _LONG,
    DbrType.FLOAT: _FLOAT,
    DbrType.DOUBLE: _DOUBLE,
}
_BY_RECORD = {
    "bi": _SHORT, "bo": _SHORT, "busy": _SHORT, "mbbi": _SHORT, "mbbo": _SHORT,
    "longin": _LONG, "longout": _LONG,
    "ai": _DOUBLE, "ao": _DOUBLE, "calc": _DOUBLE, "calcout": _DOUBLE,
}  # fmt: skip
_BY_ARRAY = {"CHAR": _CHAR, "SHORT": _SHORT, "LONG": _LONG, "FLOAT": _FLOAT, "DOUBLE": _DOUBLE}


class OwnPvs:
    """Reads records of this IOC.

    Parameters
    ----------
    records
        Full PV name -> row of the parameter table.
    """

    def __init__(self, records: Mapping[str, Param]) -> None:
        self._records = records

    def __contains__(self, pv: str) -> bool:
        return self._record_and_field(pv) is not None

    def _record_and_field(self, pv: str) -> tuple[Param, str] | None:
        name, _, field = pv.partition(".")
        param = self._records.get(name)
        return None if param is None else (param, field.rstrip("$") or "VAL")

    def read(self, pv: str, dbrtype: DbrType) -> tuple[NDAttrType, NDAttrValue]:
        """Type (rule 2.3) and value now.

        Raises
        ------
        KeyError
            No record of this IOC.
        """
        found = self._record_and_field(pv)
        if found is None:
            raise KeyError(pv)
        param, field = found
        name = pv.partition(".")[0]
        if dbrtype is DbrType.STRING:
            is_array = field == "VAL" and param.array_type == "CHAR"
            text = _read_characters(name) if is_array else read_text(f"{name}.{field}")
            return NDAttrType.STRING, text
        native = _BY_DBR.get(dbrtype) or _native(param, field)
        if native is None:
            return NDAttrType.STRING, read_text(f"{name}.{field}")
        return native.kind, _read_number(f"{name}.{field}", native)


def _native(param: Param, field: str) -> _Native | None:
    """As what a field is read by DBR_NATIVE; None for text."""
    if field != "VAL" or param.record in ("stringin", "stringout"):
        return None
    return _BY_ARRAY.get(param.array_type) or _BY_RECORD.get(param.record)


def _read_number(pv: str, native: _Native) -> float | int:
    cell = native.ctype()
    imports.db_get_field(pv, native.code, ctypes.addressof(cell), 1)
    return cell.value


def _read_characters(name: str) -> str:
    buffer = (ctypes.c_char * (ATTRIBUTE_BYTES + STRING_BYTES))()
    code = fields.DBF_CHAR  # type: ignore[attr-defined]
    imports.db_get_field(name, code, ctypes.addressof(buffer), ATTRIBUTE_BYTES - 1)
    return buffer.value.decode(errors="replace")
