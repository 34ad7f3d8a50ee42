"""A frame as an EPICS NTNDArray, built by hand: p4p's own wrapper takes ten times longer."""

from __future__ import annotations

from typing import Any

import numpy as np
from p4p import Value
from p4p.nt import NTNDArray

from framepath.detector.plugins.frame_axes import color_mode_attribute
from framepath.spec.frame import EPICS_EPOCH_S, Frame
from framepath.spec.ndattribute import NDAttribute, NDAttrSourceType, NDAttrType

TYPE = NTNDArray.buildType()

_UNION_MEMBERS = {
    "i1": "byteValue", "i2": "shortValue", "i4": "intValue", "i8": "longValue",
    "u1": "ubyteValue", "u2": "ushortValue", "u4": "uintValue", "u8": "ulongValue",
    "f4": "floatValue", "f8": "doubleValue",
}  # fmt: skip

_SCALAR_TYPES = {
    "i1": 1, "i2": 2, "i4": 3, "i8": 4, "u1": 5, "u2": 6, "u4": 7, "u8": 8, "f4": 9, "f8": 10,
}  # fmt: skip
"""pvData's ScalarType of the pixels before compression, as ``codec.parameters`` holds it."""

_ATTRIBUTE_CODES = {
    NDAttrType.INT8: "b", NDAttrType.INT16: "h", NDAttrType.INT32: "i", NDAttrType.INT64: "l",
    NDAttrType.UINT8: "B", NDAttrType.UINT16: "H", NDAttrType.UINT32: "I", NDAttrType.UINT64: "L",
    NDAttrType.FLOAT32: "f", NDAttrType.FLOAT64: "d", NDAttrType.STRING: "s",
}  # fmt: skip

_SOURCE_TYPES = {
    NDAttrSourceType.DRIVER: 0,
    NDAttrSourceType.PARAM: 1,
    NDAttrSourceType.EPICS_PV: 2,
    NDAttrSourceType.FUNCTION: 3,
    NDAttrSourceType.CONST: 4,
    NDAttrSourceType.UNDEFINED: 5,
}
"""ADCore's NDAttrSource_t."""


def ntndarray(frame: Frame) -> Value:
    """The frame as a Value of type ``epics:nt/NTNDArray:1.0``; its pixels are copied.

    Compressed frames keep their bytes; ``codec`` says how to read them.
    """
    value = Value(TYPE)
    value["value"] = (_UNION_MEMBERS[frame.data.dtype.str[1:]], frame.data.reshape(-1))
    if frame.compressed is not None:
        value["codec.name"] = frame.compressed.codec
        value["codec.parameters"] = ("i", _SCALAR_TYPES[frame.dtype.str[1:]])
    value["compressedSize"] = frame.data.nbytes
    value["uncompressedSize"] = frame.n_bytes
    value["uniqueId"] = frame.unique_id
    seconds, nanoseconds = divmod(round(frame.timestamp * 1e9), 1_000_000_000)
    _set_time(value, "dataTimeStamp", seconds, nanoseconds)
    _set_time(value, "timeStamp", *frame.epics_ts)
    value["dimension"] = [
        {
            "size": d.size,
            "offset": d.offset,
            "fullSize": d.size,
            "binning": d.binning,
            "reverse": d.reverse,
        }
        for d in frame.ndarray_dimensions()
    ]
    attributes = {"ColorMode": color_mode_attribute(frame.color_mode), **frame.attributes}
    value["attribute"] = [_attribute(a) for a in attributes.values()]
    return value


def empty() -> Value:
    """What a client reads before there is a frame: no pixels, unique id 0."""
    return Value(TYPE, {"value": ("ubyteValue", np.zeros(0, np.uint8))})


def _set_time(value: Value, field: str, epics_seconds: int, nanoseconds: int) -> None:
    value[f"{field}.secondsPastEpoch"] = epics_seconds + EPICS_EPOCH_S
    value[f"{field}.nanoseconds"] = nanoseconds


def _attribute(attribute: NDAttribute) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": attribute.name,
        "descriptor": attribute.description,
        "sourceType": _SOURCE_TYPES[attribute.source_type],
        "source": attribute.source,
    }
    code = _ATTRIBUTE_CODES.get(attribute.type)
    if code is not None and attribute.value is not None:  # an undefined one has no value
        value = attribute.value
        text = value.decode(errors="replace") if isinstance(value, bytes) else value
        fields["value"] = (code, text)
    return fields
