"""Checks of the way from a frame type to its dataset (section 4 of the attribute rules)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from framepath.layout.attributes_model import AttributeDefinition, AttributeSource
from framepath.layout.lint.subject import Check, FrameTypeText, Subject
from framepath.layout.model import Layout
from framepath.layout.rules import Hit, Rule
from framepath.spec.addresses import MBBO_STATE_CHARACTERS
from framepath.spec.findings import Severity
from framepath.spec.ndattribute import NDAttrType

FRAME_TYPES = "--frame-types"
"""Where findings about the texts of the routing PV are said to be."""

BUFFER_CHARACTERS = 127
"""Longest destination that the writer compares (rule 6d.3)."""

_FRAME_TYPE_PV = re.compile(r":FrameType(_RBV)?(\.VAL)?$")


def _routing_definition(subject: Subject) -> AttributeDefinition | None:
    name = subject.layout.destination_attribute
    return subject.attributes.get(name) if subject.attributes and name else None


def destination_limit(subject: Subject) -> tuple[int, bool]:
    """Most characters a destination can have, and whether that is known or a guess (rule A4.2)."""
    definition = _routing_definition(subject)
    if definition is None:
        return MBBO_STATE_CHARACTERS, _has_states(subject)
    if definition.type is not AttributeSource.EPICS_PV or definition.source.endswith("$"):
        return BUFFER_CHARACTERS, True
    is_frame_type = _FRAME_TYPE_PV.search(definition.source) is not None
    return MBBO_STATE_CHARACTERS, is_frame_type or _has_states(subject)


def _has_states(subject: Subject) -> bool:
    return any(text.state for text in subject.frame_types or ())


def _undefined(subject: Subject) -> Iterator[Hit]:
    name = subject.layout.destination_attribute
    if name and subject.attributes is not None and subject.attributes.get(name) is None:
        yield Hit(
            found=f"{name}, which {subject.attributes.origin} does not define",
            position=subject.layout.destination_position,
        )


def _not_string(subject: Subject) -> Iterator[Hit]:
    definition = _routing_definition(subject)
    if definition is None or definition.value_type is NDAttrType.STRING:
        return
    where = subject.attributes.origin if subject.attributes else ""
    if definition.type is AttributeSource.EPICS_PV:
        yield Hit(
            found=f"{definition.name} is read as {definition.dbrtype}",
            expected='dbrtype="DBR_STRING"',
            position=definition.position,
            where=where,
        )
    elif definition.type is AttributeSource.PARAM:
        yield Hit(
            found=f'{definition.name} has datatype="{definition.datatype}"',
            expected='datatype="STRING"',
            next_step='write datatype="STRING" for a string parameter',
            position=definition.position,
            where=where,
        )


def _without_global(subject: Subject) -> Iterator[Hit]:
    if subject.frame_types and not subject.layout.destination_attribute:
        yield Hit(found=f"no routing attribute in {subject.layout.origin}", where=FRAME_TYPES)


def _unknown_destinations(subject: Subject) -> Iterator[Hit]:
    detectors = subject.layout.detector_datasets()
    default = subject.layout.default_destination()
    for text in subject.frame_types or ():
        if text.destination not in detectors:
            why = _likely_reason(subject.layout, text.destination)
            yield Hit(
                found=f"{text}{why}",
                expected=f"one of {', '.join(detectors) or 'the detector datasets: none'}",
                where=FRAME_TYPES,
                effect=f"its frames go to {default}, in silence",
            )


def _likely_reason(layout: Layout, destination: str) -> str:
    """Why a text that is no detector dataset looks like one; "" when it does not."""
    links = {address: link.target for address, link in layout.walk_hardlinks()}
    if destination in links:
        return f", a hard link to {links[destination]}: aliases are not compared"
    if destination in {address for address, _ in layout.walk_groups()}:
        return ", a group"
    if destination in {address for address, _ in layout.walk_datasets()}:
        return ", a dataset that holds no frames"
    for address in layout.detector_datasets():
        if destination == address[:MBBO_STATE_CHARACTERS]:
            return f", which is {address} cut to {MBBO_STATE_CHARACTERS} characters"
        if destination.strip("/").lower() == address.strip("/").lower():
            return f", which is not exactly {address}"
    return ""


def _cut_texts(subject: Subject) -> Iterator[Hit]:
    limit, _ = destination_limit(subject)
    for text in subject.frame_types or ():
        if len(text.destination.encode()) > limit:
            yield _too_long(subject, f"{text}", text.destination)


def _cut_addresses(subject: Subject) -> Iterator[Hit]:
    layout = subject.layout
    if not layout.destination_attribute:
        return
    limit, _ = destination_limit(subject)
    default = layout.default_destination()
    named = {text.destination for text in subject.frame_types or ()}
    for address, dataset in layout.detector_datasets().items():
        # Frames reach the default dataset without a name, and named texts have their own finding.
        if len(address.encode()) > limit and address not in named:
            hit = _too_long(subject, address, address)
            severity = Severity.WARNING if address == default else hit.severity
            yield replace(hit, where="", position=dataset.position, severity=severity)


def _too_long(subject: Subject, found: str, destination: str) -> Hit:
    limit, is_known = destination_limit(subject)
    n_characters = len(destination.encode())
    is_certain = is_known or n_characters > BUFFER_CHARACTERS
    what = "an mbbo state" if limit == MBBO_STATE_CHARACTERS else "the writer's buffer"
    return Hit(
        found=f"{found} of {n_characters} characters",
        expected=f"at most {limit}, which {what} holds",
        severity=Severity.ERROR if is_certain else Severity.WARNING,
        where=FRAME_TYPES,
    )


def _never_named(subject: Subject) -> Iterator[Hit]:
    layout = subject.layout
    if not subject.frame_types or not layout.destination_attribute:
        return
    reached = {text.destination for text in subject.frame_types} | {layout.default_destination()}
    for address, dataset in layout.detector_datasets().items():
        if address not in reached:
            yield Hit(found=f"{address}, which no frame type names", position=dataset.position)


def _repeated(subject: Subject) -> Iterator[Hit]:
    first: dict[str, FrameTypeText] = {}
    for text in subject.frame_types or ():
        if text.destination in first:
            yield Hit(found=f"{text}, as {first[text.destination]}", where=FRAME_TYPES)
        first.setdefault(text.destination, text)


ROUTING_CHECKS = (
    Check(
        Rule(
            id="routing-attribute-undefined",
            reference="A5.1",
            severity=Severity.ERROR,
            title="routing attribute that the attributes file does not define",
            expected="the NDAttribute in the camera's attributes file (not only the HDF5 plugin's)",
            effect="every frame goes to the default dataset, in silence",
            next_step='add <Attribute name="..." type="EPICS_PV" dbrtype="DBR_STRING" '
            'source="<camera>:FrameType"/> to it',
            strict=False,
        ),
        _undefined,
    ),
    Check(
        Rule(
            id="routing-attribute-not-string",
            reference="A4.3",
            severity=Severity.ERROR,
            title="routing attribute that is no string",
            expected="a string attribute",
            effect="every frame fails and is not written (an enum PV is int16, not its text)",
            next_step='write dbrtype="DBR_STRING"',
            strict=False,
        ),
        _not_string,
    ),
    Check(
        Rule(
            id="routing-without-global",
            reference="4.2",
            severity=Severity.ERROR,
            title="frame types, but a layout that does not route",
            expected='<global name="detector_data_destination" ndattribute="..."/>',
            effect="every frame goes to the default dataset",
            next_step="add the global to the layout",
            strict=False,
        ),
        _without_global,
    ),
    Check(
        Rule(
            id="routing-unknown-destination",
            reference="6d.3",
            severity=Severity.ERROR,
            title="routing text that is no detector dataset",
            expected="the full address of a detector dataset",
            effect="its frames go to the default dataset, in silence",
            next_step="write the exact address: leading slash, no trailing one, no alias",
            strict=False,
        ),
        _unknown_destinations,
    ),
    Check(
        Rule(
            id="routing-text-too-long",
            reference="A4.2",
            severity=Severity.ERROR,
            title="routing text longer than its PV holds",
            expected=f"at most {MBBO_STATE_CHARACTERS} characters from an mbbo",
            effect="it is cut, matches nothing, and its frames go to the default dataset",
            next_step="keep frames under a short address such as /entry/data and link from there, "
            "or route by a string longer than an mbbo state",
            strict=False,
        ),
        _cut_texts,
    ),
    Check(
        Rule(
            id="layout-address-too-long",
            reference="A4.2",
            severity=Severity.ERROR,
            title="detector dataset whose address does not fit an mbbo state",
            expected=f"at most {MBBO_STATE_CHARACTERS} characters",
            effect="from an mbbo its address is cut: no frame can be routed to it",
            next_step="keep frames under a short address such as /entry/data and link from there, "
            "or route by a string longer than an mbbo state",
            strict=False,
        ),
        _cut_addresses,
    ),
    Check(
        Rule(
            id="routing-dataset-never-named",
            reference="6d.4",
            severity=Severity.WARNING,
            title="detector dataset that no frame type names",
            expected="a frame type for every detector dataset but the default one",
            effect="it holds one frame of fill that nobody took",
            next_step="add the frame type or delete the dataset",
            strict=False,
        ),
        _never_named,
    ),
    Check(
        Rule(
            id="routing-text-repeated",
            reference="A4.1",
            severity=Severity.WARNING,
            title="two frame types with one destination",
            expected="a destination once",
            effect="frames of both types are mixed in one dataset",
            next_step="give each frame type its own dataset",
            strict=False,
        ),
        _repeated,
    ),
)
