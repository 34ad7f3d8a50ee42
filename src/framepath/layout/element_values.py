"""One XML element to one node of the model: values and their silent repairs (rules 6 and 7)."""

from __future__ import annotations

from collections.abc import Callable

from framepath.layout import quirks
from framepath.layout.model import ConstantType, LayoutAttribute, LayoutDataset, Source, When
from framepath.layout.rules import Rule
from framepath.layout.xml_source import Element

Report = Callable[[Rule, str], None]
"""Called with the rule an element breaks and what was found there."""

_XML_ATTRIBUTES = {
    "hdf5_layout": {"auto_ndattr_default"},
    "global": {"name", "ndattribute"},
    "group": {"name", "ndattr_default"},
    "dataset": {"name", "source", "det_default", "ndattribute", "when", "value", "type"},
    "attribute": {"name", "source", "value", "type", "ndattribute", "when"},
    "hardlink": {"name", "target"},
}
_DATASET_SOURCES = {source.value: source for source in Source}
_ATTRIBUTE_SOURCES = {s.value: s for s in (Source.CONSTANT, Source.NDATTRIBUTE)}
_TYPES = {type.value: type for type in ConstantType}
_DATASET_WHEN = {
    "OnFileOpen": When.FILE_OPEN,
    "OnFileClose": When.FILE_CLOSE,
    "OnFileWrite": When.FRAME,
    "OnFrame": When.FRAME,
}
_ATTRIBUTE_WHEN = {"OnFileOpen": When.FILE_OPEN, "OnFileClose": When.FILE_CLOSE}


def report_unknown_attributes(element: Element, report: Report) -> None:
    """Rule 2.2; names with a namespace prefix, and ``xmlns``, belong to XML itself."""
    for name in element.attributes.keys() - _XML_ATTRIBUTES[element.name]:
        if ":" not in name and name != "xmlns":
            report(quirks.UNKNOWN_XML_ATTRIBUTE, f"{name}= on <{element.name}>")


def read_flag(element: Element, name: str, default: bool, report: Report) -> bool:
    """Exactly ``true`` or ``false``; the default for anything else (rules 3.1, 5, 6)."""
    text = element.attributes.get(name)
    if text is not None and text not in ("true", "false"):
        report(quirks.BAD_FLAG, f'{name}="{text}"')
    return {"true": True, "false": False}.get(text or "", default)


def read_dataset(element: Element, group_name: str, report: Report) -> LayoutDataset:
    """The dataset that an element with a name describes, without its attributes."""
    given = element.attributes
    source = _DATASET_SOURCES.get(given.get("source", ""))
    keeps_performance_place = given["name"] == "timestamp" and group_name == "performance"
    if source is None and not keeps_performance_place:
        report(quirks.UNKNOWN_SOURCE, _source_found(element))
    type = _constant_type(element, report) if source is Source.CONSTANT else None
    if source is Source.CONSTANT and type is None and given.get("value"):
        report(quirks.CONSTANT_WITHOUT_TYPE, f'value="{given["value"]}" and no type')
    return LayoutDataset(
        name=given["name"],
        source=source,
        position=element.position,
        det_default=read_flag(element, "det_default", False, report),
        ndattribute=_ndattribute(element, source, report),
        when=_when(element, source, _DATASET_WHEN, report) or When.FRAME,
        # Rule 6.3: ADCore takes a dataset's value over only together with a type.
        value=given.get("value", "") if type is not None else "",
        type=type,
    )


def read_attribute(element: Element, report: Report) -> LayoutAttribute:
    """The HDF5 attribute that an element with a name describes."""
    given = element.attributes
    source = _ATTRIBUTE_SOURCES.get(given.get("source", ""))
    if source is None:
        report(quirks.UNKNOWN_SOURCE, _source_found(element))
    is_constant = source is Source.CONSTANT
    type = _constant_type(element, report) if is_constant else None
    return LayoutAttribute(
        name=given["name"],
        source=source,
        position=element.position,
        value=given.get("value", "") if is_constant else "",
        type=type or ConstantType.STRING,
        ndattribute=_ndattribute(element, source, report),
        when=_when(element, source, _ATTRIBUTE_WHEN, report),
    )


def _source_found(element: Element) -> str:
    source = element.attributes.get("source")
    what = "no source" if source is None else f'source="{source}"'
    return f"{what} on {element.name} {element.attributes['name']!r}"


def _constant_type(element: Element, report: Report) -> ConstantType | None:
    """Type of a constant; None when none is given, STRING when it is unknown."""
    text = element.attributes.get("type")
    if text is None:
        return None
    if text not in _TYPES:
        report(quirks.UNKNOWN_TYPE, f'type="{text}"')
    return _TYPES.get(text, ConstantType.STRING)


def _ndattribute(element: Element, source: Source | None, report: Report) -> str:
    if source is not Source.NDATTRIBUTE:
        return ""
    name = element.attributes.get("ndattribute", "")
    if not name:
        report(quirks.NO_NDATTRIBUTE, f"{element.name} {element.attributes['name']!r} names none")
    return name


def _when(
    element: Element, source: Source | None, known: dict[str, When], report: Report
) -> When | None:
    text = element.attributes.get("when")
    if text is None:
        return None
    if source is not Source.NDATTRIBUTE:
        report(quirks.WHEN_IGNORED, f'when="{text}" with source="{source or ""}"')
        return None
    if text not in known:
        report(quirks.UNKNOWN_WHEN, f'when="{text}" on <{element.name}>')
    # A dataset that names no NDAttribute is never written, so rule 6.2 needs no case of its own.
    return known.get(text)
