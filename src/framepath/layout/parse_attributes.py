"""NDAttributes XML, from a path or a setting, to typed definitions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from framepath.errors import LayoutError
from framepath.layout import attribute_quirks as quirks
from framepath.layout.attributes_model import (
    AttributeDefinition,
    AttributeSet,
    AttributeSource,
    AttributesStatus,
    DbrType,
)
from framepath.layout.failures import BadXml, SourceUnreadable
from framepath.layout.macros import MacroError, expand_macros
from framepath.layout.position import Position
from framepath.layout.rules import Hit, Rule, Trap, finding
from framepath.layout.xml_source import Element, read_file, walk_elements

INLINE_MARK = "<Attributes>"
"""A setting that contains this is XML text, any other is a path (rule A1.1)."""

_XML_ATTRIBUTES = {
    "name",
    "source",
    "type",
    "description",
    "dbrtype",
    "datatype",
    "addr",
    "param",
}
_C_INTEGER = re.compile(r"\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")


def load_attributes(source: str, macros: str = "") -> AttributeSet:
    """What the settings ``NDAttributesFile`` and ``NDAttributesMacros`` mean; raises nothing.

    ``source`` is a path, XML text, or "" for none; ``macros`` is like ``P=13SIM1:,R=cam1:``.
    """
    if source == "":
        return AttributeSet(origin="no attributes file")
    if INLINE_MARK in source:
        return parse_attributes(source, macros, "inline XML")
    try:
        return parse_attributes(read_file(source, INLINE_MARK), macros, source)
    except SourceUnreadable as error:
        return _failed(AttributesStatus.NOT_FOUND, _hit(error), source)


def parse_attributes(text: str | bytes, macros: str = "", origin: str = "XML") -> AttributeSet:
    """The definitions of an XML text; its faults are in the result, none is raised.

    Positions count lines and columns after macro substitution.
    """
    try:
        expanded = _expanded(text, macros)
        elements: list[Element] = []
        walk_elements(expanded, origin, elements.append, lambda name: None)
    except MacroError as error:
        return _failed(AttributesStatus.MACRO_ERROR, _hit(error), origin)
    except BadXml as error:
        return _failed(AttributesStatus.SYNTAX_ERROR, _hit(error, error.position), origin)
    return _defined(elements, origin)


def _hit(error: LayoutError, position: Position | None = None) -> Hit:
    found = error.summary if error.found is None else f"{error.summary}: {error.found}"
    expected = "" if error.expected is None else str(error.expected)
    return Hit(found=found, position=position, expected=expected, next_step=error.next_step or "")


def _failed(status: AttributesStatus, hit: Hit, origin: str) -> AttributeSet:
    return AttributeSet(
        status=status, problem=finding(quirks.NOT_LOADED, hit, origin), origin=origin
    )


def _expanded(text: str | bytes, macros: str) -> str | bytes:
    """Text with its macros replaced; bytes stay in the encoding that the XML declares."""
    if isinstance(text, str):
        return expand_macros(text, macros)
    if not macros:
        return text
    # Latin-1 maps every byte to one character and back, as a program that knows only bytes would.
    macro_bytes = macros.encode(errors="surrogatepass")
    return expand_macros(text.decode("latin-1"), macro_bytes.decode("latin-1")).encode("latin-1")


@dataclass(frozen=True, slots=True)
class _Fault:
    """Where and why areaDetector stops reading."""

    found: str
    expected: str


def _defined(elements: list[Element], origin: str) -> AttributeSet:
    """Definitions up to the first fault (rules A1.5 and A2.1)."""
    root, *children = elements
    if root.name != "Attributes":
        hit = Hit(found=f"root <{root.name}>", expected="<Attributes>", position=root.position)
        return _failed(AttributesStatus.SYNTAX_ERROR, hit, origin)
    definitions: dict[str, AttributeDefinition] = {}
    traps: list[Trap] = []
    for element in children:
        traps += [Trap(rule, Hit(found=f, position=element.position)) for rule, f in _odd(element)]
        if element.depth > 2:
            continue
        outcome = _definition(element)
        if isinstance(outcome, _Fault):
            hit = Hit(found=outcome.found, expected=outcome.expected, position=element.position)
            return AttributeSet(
                tuple(definitions.values()),
                AttributesStatus.SYNTAX_ERROR,
                finding(quirks.NOT_LOADED, hit, origin),
                origin,
                tuple(traps),
            )
        first = definitions.pop(outcome.name, None)
        if first is not None:
            found = f"{outcome.name!r}, first defined at {first.position}"
            hit = Hit(found=found, position=element.position)
            traps.append(Trap(quirks.REPEATED_ATTRIBUTE, hit))
        definitions[outcome.name] = outcome
    return AttributeSet(
        tuple(definitions.values()), AttributesStatus.OK, None, origin, tuple(traps)
    )


def _odd(element: Element) -> list[tuple[Rule, str]]:
    """What areaDetector passes over in one element."""
    if element.depth > 2:
        return [(quirks.NESTED_ELEMENT, f"<{element.name}>")]
    odd = [
        (quirks.UNKNOWN_XML_ATTRIBUTE, f"{name}= on {element.attributes.get('name', '')!r}")
        for name in sorted(element.attributes.keys() - _XML_ATTRIBUTES)
        if ":" not in name and name != "xmlns"
    ]
    if element.name != "Attribute":
        odd.append((quirks.UNKNOWN_TAG, f"<{element.name}>"))
    return odd


def _definition(element: Element) -> AttributeDefinition | _Fault:
    given = element.attributes
    for required in ("name", "source"):
        if required not in given:
            return _Fault(f"no {required}", f"name and source on every <{element.name}>")
    type_text = given.get("type", AttributeSource.EPICS_PV.value)
    if type_text not in set(AttributeSource):
        return _Fault(f'type="{type_text}"', ", ".join(AttributeSource))
    type = AttributeSource(type_text)
    dbrtype_text = given.get("dbrtype", DbrType.NATIVE.value)
    # A dbrtype on anything but a PV is never looked at, however it is spelt.
    if type is not AttributeSource.EPICS_PV:
        dbrtype_text = DbrType.NATIVE.value
    if dbrtype_text not in set(DbrType):
        return _Fault(f'dbrtype="{dbrtype_text}"', ", ".join(DbrType))
    return AttributeDefinition(
        name=given["name"],
        type=type,
        source=given["source"],
        position=element.position,
        description=given.get("description", ""),
        dbrtype=DbrType(dbrtype_text),
        datatype=given.get("datatype", ""),
        addr=c_integer(given.get("addr", "0")),
        param=given.get("param", ""),
    )


def c_integer(text: str) -> int:
    """The number at the start of a text, in C's decimal, octal or hexadecimal; 0 for none."""
    match = _C_INTEGER.match(text[:64])
    if match is None:
        return 0
    sign, digits = match.groups()
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
    return int(sign + digits, base)
