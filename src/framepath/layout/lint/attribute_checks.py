"""Checks of the attributes file, alone and against the layout."""

from __future__ import annotations

from collections.abc import Iterator

from framepath.layout.attributes_model import AttributeDefinition, AttributeSource
from framepath.layout.lint.stored_names import ARRAY_ATTRIBUTES, DRIVER_ATTRIBUTES
from framepath.layout.lint.subject import Check, Subject
from framepath.layout.model import Source, When
from framepath.layout.rules import Hit, Rule
from framepath.spec.findings import Severity
from framepath.spec.ndattribute import STRING_BYTES, NDAttrType

AUTOMATIC_CHUNK_ROWS = 16384
"""Rows a chunk of an attribute dataset when NumCapture and NDAttributeChunk are 0 (rule 6n.3)."""


def _definitions(subject: Subject) -> tuple[AttributeDefinition, ...]:
    return subject.attributes.definitions if subject.attributes else ()


def _hit(subject: Subject, definition: AttributeDefinition, found: str, **more: object) -> Hit:
    where = subject.attributes.origin if subject.attributes else ""
    return Hit(found=found, position=definition.position, where=where, **more)  # type: ignore[arg-type]


def _undefined_parameters(subject: Subject) -> Iterator[Hit]:
    for definition in _definitions(subject):
        if definition.value_type is NDAttrType.UNDEFINED:
            what = f'datatype="{definition.datatype}"' if definition.datatype else "no datatype"
            yield _hit(subject, definition, f"{definition.name} with {what}")


def _macros_left(subject: Subject) -> Iterator[Hit]:
    for definition in _definitions(subject):
        for text in (definition.source, definition.param):
            if definition.type is not AttributeSource.CONST and ("$(" in text or "${" in text):
                yield _hit(subject, definition, f"{definition.name} has {text!r}")


def _names_that_lose(subject: Subject) -> Iterator[Hit]:
    for definition in _definitions(subject):
        if definition.name in ARRAY_ATTRIBUTES:
            yield _hit(subject, definition, definition.name)


def _close_misnamed(subject: Subject) -> Iterator[Hit]:
    for definition in _definitions(subject):
        if definition.name == "FilePluginFileClose":
            yield _hit(subject, definition, definition.name)


def _undefined_names(subject: Subject) -> Iterator[Hit]:
    """NDAttributes that the layout names and nothing defines."""
    if subject.attributes is None:
        return
    known = DRIVER_ATTRIBUTES | {definition.name for definition in _definitions(subject)}
    nodes = [*subject.layout.walk_datasets(), *subject.layout.walk_attributes()]
    for address, node in nodes:
        is_named = node.source is Source.NDATTRIBUTE and node.ndattribute
        if is_named and node.ndattribute not in known:
            found = f"{node.ndattribute}, named by {node.name!r} at {address}"
            yield Hit(found=found, position=node.position)


def _stored_nowhere(subject: Subject) -> Iterator[Hit]:
    layout = subject.layout
    group = layout.default_attribute_group()
    if group:
        return
    as_datasets = {dataset.ndattribute for _, dataset in layout.walk_datasets()}
    as_attributes = {attribute.ndattribute for _, attribute in layout.walk_attributes()}
    for definition in _definitions(subject):
        if definition.name in as_datasets:
            continue
        if group == "":
            effect = f"it is stored as /{definition.name}, in the root of the file"
            yield _hit(subject, definition, definition.name, effect=effect)
        elif definition.name not in as_attributes:
            yield _hit(subject, definition, definition.name, severity=Severity.ERROR)


def _large_chunks(subject: Subject) -> Iterator[Hit]:
    when = {d.ndattribute: d.when for _, d in subject.layout.walk_datasets() if d.ndattribute}
    is_kept = subject.layout.default_attribute_group() is not None
    strings = [
        definition
        for definition in _definitions(subject)
        if definition.value_type is NDAttrType.STRING
        and when.get(definition.name, When.FRAME if is_kept else None) is When.FRAME
    ]
    if strings:
        names = ", ".join(definition.name for definition in strings)
        yield _hit(subject, strings[0], f"{len(strings)} text(s) stored every frame: {names}")


ATTRIBUTE_CHECKS = (
    Check(
        Rule(
            id="attributes-param-datatype",
            reference="A2.4",
            severity=Severity.ERROR,
            title="PARAM without a datatype that exists",
            expected='datatype="INT", "INT64", "DOUBLE" or "STRING" (upper case)',
            effect="the attribute stays undefined: NaN in the file",
            next_step="give it the parameter's datatype",
            strict=False,
        ),
        _undefined_parameters,
    ),
    Check(
        Rule(
            id="attributes-macro-left",
            reference="A1.4",
            severity=Severity.WARNING,
            title="macro reference that is not replaced",
            expected="no $( or ${ after macro substitution",
            effect="the text is taken as it stands, so the PV does not connect: NaN in the file",
            next_step="give the macros (--macros); macros inside single quotes, or after an "
            "apostrophe in the text, are not replaced: use double quotes",
            strict=False,
        ),
        _macros_left,
    ),
    Check(
        Rule(
            id="attributes-name-of-array",
            reference="A3",
            severity=Severity.WARNING,
            title="name that every frame has by itself",
            expected="another name",
            effect="the frame's own value is stored, not this one",
            next_step="rename it or delete it",
            strict=False,
        ),
        _names_that_lose,
    ),
    Check(
        Rule(
            id="attributes-file-close-name",
            reference="A3",
            severity=Severity.WARNING,
            title="FilePluginFileClose, which nothing looks for",
            expected="FilePluginClose",
            effect="the file is not closed by it (a table of the manual misprints the name)",
            next_step="write FilePluginClose",
            strict=False,
        ),
        _close_misnamed,
    ),
    Check(
        Rule(
            id="layout-ndattribute-undefined",
            reference="6n.1",
            severity=Severity.WARNING,
            title="NDAttribute that no attributes file defines",
            expected="a name of the attributes file, or one that the driver adds",
            effect="the dataset or attribute is not made, and links to it fail",
            next_step="define it, correct its case, or ignore this if your driver adds it",
            strict=False,
        ),
        _undefined_names,
    ),
    Check(
        Rule(
            id="attributes-named-nowhere",
            reference="3.2",
            severity=Severity.WARNING,
            title="NDAttribute that the layout places nowhere",
            expected='a dataset for it, or a group with ndattr_default="true"',
            effect="it is not stored",
            next_step='add ndattr_default="true" to a group of the layout',
            strict=False,
        ),
        _stored_nowhere,
    ),
    Check(
        Rule(
            id="attributes-large-chunk",
            reference="6n.3",
            severity=Severity.NOTE,
            title="texts stored every frame",
            expected="NDAttributeChunk set when NumCapture is 0",
            effect=f"with NumCapture 0 and NDAttributeChunk 0 a chunk has {AUTOMATIC_CHUNK_ROWS} "
            f"rows, {AUTOMATIC_CHUNK_ROWS * STRING_BYTES // 2**20} MiB for each text, "
            "rewritten at every flush",
            next_step="set NDAttributeChunk to some hundred rows",
            strict=False,
        ),
        _large_chunks,
    ),
)
