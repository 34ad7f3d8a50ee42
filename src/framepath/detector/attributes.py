"""NDAttributes of a port: defined by its attributes file, evaluated for every frame.

Rule numbers are those of docs/reference/ndattributes-xml.md.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from framepath.detector.drivers.base import Value
from framepath.detector.port import Port
from framepath.layout.attributes_model import (
    AttributeDefinition,
    AttributeSource,
    DbrType,
)
from framepath.layout.parse_attributes import load_attributes
from framepath.spec.frame import Frame, checksum
from framepath.spec.ndattribute import NDAttribute, NDAttrSourceType, NDAttrType, NDAttrValue

log = logging.getLogger(__name__)

CHECKSUM_PARAMETER = "FRAME_CHECKSUM"
"""PARAM source of `framepath.spec.ndattribute.FRAME_CHECKSUM`."""

Typed = tuple[NDAttrType, NDAttrValue]
UNDEFINED: Typed = (NDAttrType.UNDEFINED, None)


class PvSource(Protocol):
    """Where EPICS_PV attributes get their values."""

    def connect(self, pv: str, dbrtype: DbrType) -> None:
        """Take note that a PV will be asked for."""
        ...

    def read(self, pv: str, dbrtype: DbrType) -> Typed:
        """Type and value now; `UNDEFINED` for a PV that never connected."""
        ...


def _pi(param: str) -> Typed:
    """ADSimDetector's example function: ``PI``, ``E`` or ``10``."""
    known: dict[str, Typed] = {
        "PI": (NDAttrType.FLOAT64, math.pi),
        "E": (NDAttrType.FLOAT64, math.e),
        "10": (NDAttrType.INT32, 10),
    }
    return known.get(param, UNDEFINED)


FUNCTIONS: dict[str, Callable[[str], Typed]] = {"myAttrFunct1": _pi}
"""FUNCTION attributes by registered name (rule 2.5)."""

_SOURCE_TYPES = {
    AttributeSource.EPICS_PV: NDAttrSourceType.EPICS_PV,
    AttributeSource.PARAM: NDAttrSourceType.PARAM,
    AttributeSource.FUNCTION: NDAttrSourceType.FUNCTION,
    AttributeSource.CONST: NDAttrSourceType.CONST,
}


@dataclass(frozen=True, slots=True)
class _Context:
    frame: Frame
    parameters: Mapping[str, Any]


class Attributes:
    """The attributes of one port; evaluates them for a frame.

    Parameters
    ----------
    port
        Its ``NDAttributesFile``, ``NDAttributesMacros`` and ``NDAttributesStatus`` are handled
        here; PARAM attributes read its values.
    pvs
        Where EPICS_PV attributes are read.
    """

    def __init__(self, port: Port, pvs: PvSource) -> None:
        self._port = port
        self._pvs = pvs
        self._definitions: tuple[AttributeDefinition, ...] = ()
        port.on_put("NDAttributesFile", lambda value: self._load(file=str(value)))
        port.on_put("NDAttributesMacros", lambda value: self._load(macros=str(value)))

    def _load(self, file: str | None = None, macros: str | None = None) -> None:
        file = self._port.text("NDAttributesFile") if file is None else file
        macros = self._port.text("NDAttributesMacros") if macros is None else macros
        loaded = load_attributes(file, macros)
        for definition in loaded.definitions:
            if definition.type is AttributeSource.EPICS_PV:
                self._pvs.connect(definition.source, definition.dbrtype)
        self._definitions = loaded.definitions
        if loaded.status is not None:
            self._port.publish("NDAttributesStatus", int(loaded.status))
        if loaded.problem is not None:
            log.warning("attributes file: %s", loaded.problem)

    def evaluate(self, frame: Frame, parameters: Mapping[str, Any]) -> dict[str, NDAttribute]:
        """Attributes of this frame by name, in the file's order.

        ``parameters`` are the driver's values for this frame; they win over the port's.
        """
        context = _Context(frame, parameters)
        return {d.name: self._evaluated(d, context) for d in self._definitions}

    def _evaluated(self, definition: AttributeDefinition, context: _Context) -> NDAttribute:
        match definition.type:
            case AttributeSource.CONST:
                typed: Typed = (NDAttrType.STRING, definition.source)
            case AttributeSource.EPICS_PV:
                typed = self._pvs.read(definition.source, definition.dbrtype)
            case AttributeSource.FUNCTION:
                function = FUNCTIONS.get(definition.source)
                typed = function(definition.param) if function else UNDEFINED
            case AttributeSource.PARAM:
                typed = self._parameter(definition, context)
        kind, value = typed
        return NDAttribute(
            definition.name,
            kind,
            value,
            definition.description,
            definition.source,
            _SOURCE_TYPES[definition.type],
        )

    def _parameter(self, definition: AttributeDefinition, context: _Context) -> Typed:
        kind = definition.value_type or NDAttrType.UNDEFINED
        value = self._parameter_value(definition.source, context)
        if value is None or kind is NDAttrType.UNDEFINED:
            return UNDEFINED
        return (kind, _converted(value, kind))

    def _parameter_value(self, source: str, context: _Context) -> Value | None:
        if source == CHECKSUM_PARAMETER:
            return checksum(context.frame.data)
        if source in context.parameters:
            return context.parameters[source]
        name = self._port.name_of(source)
        return None if name is None else self._port[name]


def _converted(value: Value, kind: NDAttrType) -> NDAttrValue:
    """A parameter's value as the attribute's type; None where it has no such meaning."""
    if kind is NDAttrType.STRING:
        return str(value)
    try:
        number = float(value)  # type: ignore[arg-type]
    except ValueError:
        return None
    if kind is NDAttrType.FLOAT64:
        return number
    return int(number) if math.isfinite(number) else None  # NaN: a recording without angles
