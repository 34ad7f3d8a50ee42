"""NDAttributes: the named values that travel with a frame."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

import numpy as np

STRING_BYTES = 256
"""Bytes of a stored string attribute, NUL included (ADCore ``MAX_ATTRIBUTE_STRING_SIZE``)."""

FRAME_CHECKSUM = "FrameChecksum"
"""NDAttribute (int64) holding the CRC-32 of a frame's bytes, taken in the driver before any queue.

A detector fills it when an attributes file asks for PARAM ``FRAME_CHECKSUM``; see `frame.checksum`.
"""


class NDAttrType(Enum):
    """Data type of an NDAttribute; the value is the numpy type string of its HDF5 dataset."""

    INT8 = "i1"
    UINT8 = "u1"
    INT16 = "i2"
    UINT16 = "u2"
    INT32 = "i4"
    UINT32 = "u4"
    INT64 = "i8"
    UINT64 = "u8"
    FLOAT32 = "f4"
    FLOAT64 = "f8"
    STRING = f"S{STRING_BYTES}"
    UNDEFINED = "undefined"
    """A source that never connected; stored as float32 NaN (ADCore NDFileHDF5AttributeDataset)."""

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Element type of the HDF5 dataset that stores it."""
        return np.dtype("f4" if self is NDAttrType.UNDEFINED else self.value)


class NDAttrSourceType(StrEnum):
    """Where a value comes from, spelt as the HDF5 attribute ``NDAttrSourceType`` spells it."""

    DRIVER = "NDAttrSourceDriver"
    PARAM = "NDAttrSourceParam"
    EPICS_PV = "NDAttrSourceEPICSPV"
    FUNCTION = "NDAttrSourceFunct"
    CONST = "NDAttrSourceConst"
    UNDEFINED = "Undefined"


NDAttrValue = int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class NDAttribute:
    """One named value of one frame.

    Attributes
    ----------
    name
        Case-sensitive name, unique within a frame.
    type
        Data type; fixed for the life of a file.
    value
        Number, text, or None when undefined.
    description, source
        Free text; stored as ``NDAttrDescription`` and ``NDAttrSource`` (omitted when empty).
    source_type
        Stored as ``NDAttrSourceType``.
    """

    name: str
    type: NDAttrType
    value: NDAttrValue
    description: str = ""
    source: str = ""
    source_type: NDAttrSourceType = NDAttrSourceType.UNDEFINED
