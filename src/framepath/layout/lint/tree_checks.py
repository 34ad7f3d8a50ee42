"""Checks that need nothing but the layout (section 12 of the layout rules)."""

from __future__ import annotations

from collections.abc import Iterator

from framepath.layout.constants import parse_numbers
from framepath.layout.lint.subject import Check, Subject
from framepath.layout.model import (
    ConstantType,
    LayoutAttribute,
    LayoutDataset,
    Position,
    Source,
)
from framepath.layout.rules import Hit, Rule
from framepath.spec.findings import Severity


def _unusable(subject: Subject) -> Iterator[Hit]:
    layout = subject.layout
    if layout.unusable:
        position = layout.groups[0].position if layout.groups else Position(1, 1)
        yield Hit(found=layout.unusable, position=position)


def _no_default(subject: Subject) -> Iterator[Hit]:
    detectors = subject.layout.detector_datasets()
    flagged = any(dataset.det_default for _, dataset in subject.layout.walk_datasets())
    if len(detectors) > 1 and not flagged:
        address, dataset = next(iter(detectors.items()))
        yield Hit(
            found=f"{len(detectors)} detector datasets, none with det_default",
            position=dataset.position,
            effect=f"frames without a destination go to the first in byte order, {address}",
        )


def _two_defaults(subject: Subject) -> Iterator[Hit]:
    flagged = [(a, d) for a, d in subject.layout.walk_datasets() if d.det_default]
    for address, dataset in flagged[1:]:
        found = f"det_default on {address} too; {flagged[0][0]} is used"
        yield Hit(found=found, position=dataset.position)


def _default_elsewhere(subject: Subject) -> Iterator[Hit]:
    for address, dataset in subject.layout.walk_datasets():
        if dataset.det_default and dataset.source is not Source.DETECTOR:
            found = f'det_default on {address}, source="{dataset.source or ""}"'
            yield Hit(found=found, position=dataset.position)


def _two_attribute_groups(subject: Subject) -> Iterator[Hit]:
    flagged = [(a, g) for a, g in subject.layout.walk_groups() if g.ndattr_default]
    for address, group in flagged[1:]:
        found = f"ndattr_default on {address} too; {flagged[0][0]} is used"
        yield Hit(found=found, position=group.position)


def _no_routing(subject: Subject) -> Iterator[Hit]:
    layout = subject.layout
    detectors = layout.detector_datasets()
    if len(detectors) > 1 and not layout.destination_attribute:
        default = layout.default_destination()
        others = [address for address in detectors if address != default]
        yield Hit(
            found=f"no routing attribute, but detector datasets {', '.join(detectors)}",
            position=detectors[others[0]].position,
            effect=f"every frame goes to {default}; {', '.join(others)} hold one frame of fill",
        )


def _named_twice(subject: Subject) -> Iterator[Hit]:
    first: dict[str, str] = {}
    for address, dataset in subject.layout.walk_datasets():
        if dataset.source is not Source.NDATTRIBUTE or not dataset.ndattribute:
            continue
        if dataset.ndattribute in first:
            yield Hit(
                found=f"{address} names NDAttribute {dataset.ndattribute}, as does "
                f"{first[dataset.ndattribute]}",
                position=dataset.position,
                effect=f"{address} is never made",
            )
        first.setdefault(dataset.ndattribute, address)


def _bad_names(subject: Subject) -> Iterator[Hit]:
    layout = subject.layout
    nodes = [group for _, group in layout.walk_groups()]
    nodes += [dataset for _, dataset in layout.walk_datasets()]
    nodes += [link for _, link in layout.walk_hardlinks()]
    for node in nodes:
        if "/" in node.name or node.name in ("", "."):
            yield Hit(found=f"name={node.name!r}", position=node.position)
    for owner, attribute in layout.walk_attributes():
        if not attribute.name:
            yield Hit(found=f"attribute name='' on {owner}", position=attribute.position)


def _bad_numbers(subject: Subject) -> Iterator[Hit]:
    constants: list[LayoutAttribute | LayoutDataset] = []
    constants += [dataset for _, dataset in subject.layout.walk_datasets()]
    constants += [attribute for _, attribute in subject.layout.walk_attributes()]
    for node in constants:
        if node.source is not Source.CONSTANT or node.type in (None, ConstantType.STRING):
            continue
        numbers, rest = parse_numbers(node.value, node.type)
        if rest or not numbers:
            yield Hit(
                found=f'{node.name!r} has value="{node.value}" type="{node.type}"',
                position=node.position,
                effect=f"{len(numbers)} number(s) are stored, {rest!r} is dropped",
            )


TREE_CHECKS = (
    Check(
        Rule(
            id="layout-no-detector",
            reference="1.6",
            severity=Severity.ERROR,
            title="layout without a detector dataset, or without a group",
            expected='at least one <dataset source="detector"> inside a group',
            effect="the layout is called valid; opening fails and leaves a useless file",
            next_step='add <dataset name="data" source="detector" det_default="true"/> to a group',
        ),
        _unusable,
    ),
    Check(
        Rule(
            id="layout-no-det-default",
            reference="6d.2",
            severity=Severity.ERROR,
            title="several detector datasets, none the default",
            expected='det_default="true" on one of them',
            effect="frames without a destination go to the first in byte order",
            next_step='add det_default="true" to the dataset of images',
        ),
        _no_default,
    ),
    Check(
        Rule(
            id="layout-two-det-default",
            reference="6d.2",
            severity=Severity.ERROR,
            title="det_default twice",
            expected='det_default="true" on one dataset',
            effect="the first in alphabetical order, depth first, is the default",
            next_step="delete all but one",
        ),
        _two_defaults,
    ),
    Check(
        Rule(
            id="layout-det-default-elsewhere",
            reference="6d.2",
            severity=Severity.ERROR,
            title="det_default on a dataset that holds no frames",
            expected="det_default on a detector dataset",
            effect="it is the default all the same: frames without a destination have no place",
            next_step="move the flag to a detector dataset",
        ),
        _default_elsewhere,
    ),
    Check(
        Rule(
            id="layout-two-ndattr-default",
            reference="5.3",
            severity=Severity.WARNING,
            title="ndattr_default twice",
            expected='ndattr_default="true" on one group',
            effect="the first in alphabetical order, depth first, is used",
            next_step="delete all but one",
        ),
        _two_attribute_groups,
    ),
    Check(
        Rule(
            id="layout-no-routing",
            reference="4.2",
            severity=Severity.WARNING,
            title="several detector datasets, no routing attribute",
            expected='<global name="detector_data_destination" ndattribute="..."/>',
            effect="every frame goes to the default dataset",
            next_step="add the global, or delete the other datasets",
            strict=False,
        ),
        _no_routing,
    ),
    Check(
        Rule(
            id="layout-ndattribute-twice",
            reference="6n.2",
            severity=Severity.WARNING,
            title="two datasets of one NDAttribute",
            expected="one dataset an NDAttribute",
            effect="the second in alphabetical order, depth first, is never made",
            next_step="delete one, or make it a hard link; define the NDAttribute twice for two",
        ),
        _named_twice,
    ),
    Check(
        Rule(
            id="layout-bad-name",
            reference="5",
            severity=Severity.ERROR,
            title="name that is not one path component",
            expected="a name that is not empty and has no slash",
            effect="HDF5 refuses it: the group with all below it, or the dataset, is missing",
            next_step="nest groups instead",
        ),
        _bad_names,
    ),
    Check(
        Rule(
            id="layout-constant-not-numeric",
            reference="6.5",
            severity=Severity.WARNING,
            title="constant whose value is not of its type",
            expected="numbers separated by commas; ints within 32 bits",
            effect="reading stops at the first text that is no number",
            next_step='correct the value, or write type="string"',
        ),
        _bad_numbers,
    ),
)
