"""The typed model of an NDAttributes XML (docs/reference/ndattributes-xml.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from framepath.layout.position import Position
from framepath.layout.rules import Trap
from framepath.spec.findings import Finding
from framepath.spec.ndattribute import NDAttrType


class AttributeSource(StrEnum):
    """Where an NDAttribute's value comes from (rule A2.1)."""

    EPICS_PV = "EPICS_PV"
    PARAM = "PARAM"
    FUNCTION = "FUNCTION"
    CONST = "CONST"


class DbrType(StrEnum):
    """As what a PV is read (rule A2.3)."""

    NATIVE = "DBR_NATIVE"
    CHAR = "DBR_CHAR"
    SHORT = "DBR_SHORT"
    INT = "DBR_INT"
    ENUM = "DBR_ENUM"
    LONG = "DBR_LONG"
    FLOAT = "DBR_FLOAT"
    DOUBLE = "DBR_DOUBLE"
    STRING = "DBR_STRING"


class AttributesStatus(IntEnum):
    """``NDAttributesStatus`` (rule A1.3)."""

    OK = 0
    NOT_FOUND = 1
    SYNTAX_ERROR = 2
    MACRO_ERROR = 3

    @property
    def state(self) -> str:
        """The state string of the EPICS record."""
        return _STATES[self]


_STATES = (
    "Attributes file OK",
    "File not found",
    "XML syntax error",
    "Macro substitution error",
)

_DBR_TYPES = {
    DbrType.CHAR: NDAttrType.INT8,
    DbrType.SHORT: NDAttrType.INT16,
    DbrType.INT: NDAttrType.INT16,
    DbrType.ENUM: NDAttrType.INT16,
    DbrType.LONG: NDAttrType.INT32,
    DbrType.FLOAT: NDAttrType.FLOAT32,
    DbrType.DOUBLE: NDAttrType.FLOAT64,
    DbrType.STRING: NDAttrType.STRING,
}

PARAM_TYPES = {
    "INT": NDAttrType.INT32,
    "INT64": NDAttrType.INT64,
    "DOUBLE": NDAttrType.FLOAT64,
    "STRING": NDAttrType.STRING,
}
"""``datatype`` of a PARAM to the type it gets; any other text leaves it undefined (rule A2.4)."""


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """One NDAttribute to be made.

    Attributes
    ----------
    source
        PV name, drvInfo string of a parameter, name of a function, or the constant's text.
    dbrtype
        For EPICS_PV.
    datatype
        For PARAM, as written; "" when there is none. See `PARAM_TYPES`.
    addr
        For PARAM: the asyn address.
    param
        For FUNCTION: the text passed to it.
    """

    name: str
    type: AttributeSource
    source: str
    position: Position
    description: str = ""
    dbrtype: DbrType = DbrType.NATIVE
    datatype: str = ""
    addr: int = 0
    param: str = ""

    @property
    def value_type(self) -> NDAttrType | None:
        """Type of its values; None when only the PV, or the function, decides it."""
        match self.type:
            case AttributeSource.CONST:
                return NDAttrType.STRING
            case AttributeSource.PARAM:
                return PARAM_TYPES.get(self.datatype, NDAttrType.UNDEFINED)
            case AttributeSource.EPICS_PV:
                return _DBR_TYPES.get(self.dbrtype)
        return None


@dataclass(frozen=True, slots=True)
class AttributeSet:
    """What an attributes file defines, and how its reading went.

    Attributes
    ----------
    definitions
        In the order in which areaDetector lists them. When reading stopped at a fault, those
        before it: a partial list stays in force (rule A1.5).
    status
        None for an empty setting, which leaves the PV as it was (rule A1.2).
    problem
        Why ``status`` is not OK, with line and column where the text has any.
    origin
        Path of the XML, or a word for inline text.
    traps
        What was met that areaDetector passes over in silence; no part of the model.
    """

    definitions: tuple[AttributeDefinition, ...] = ()
    status: AttributesStatus | None = None
    problem: Finding | None = None
    origin: str = ""
    traps: tuple[Trap, ...] = ()

    def get(self, name: str) -> AttributeDefinition | None:
        """The definition of a name (case-sensitive), or None."""
        return next((d for d in self.definitions if d.name == name), None)
