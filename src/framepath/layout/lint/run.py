"""The whole table of rules, and a lint by it."""

from __future__ import annotations

from collections.abc import Sequence

from framepath.layout.attribute_quirks import ATTRIBUTE_QUIRKS
from framepath.layout.attributes_model import AttributeSet
from framepath.layout.failures import BadXml
from framepath.layout.lint.attribute_checks import ATTRIBUTE_CHECKS
from framepath.layout.lint.layout_checks import LAYOUT_CHECKS
from framepath.layout.lint.routing_checks import ROUTING_CHECKS
from framepath.layout.lint.subject import FrameTypeText, Subject
from framepath.layout.model import Layout
from framepath.layout.parse_attributes import load_attributes
from framepath.layout.parse_layout import read_layout, source_text
from framepath.layout.quirks import QUIRKS
from framepath.layout.rules import Hit, Rule, finding
from framepath.spec.findings import Finding, Severity

NOT_XML = Rule(
    id="layout-not-xml",
    reference="1.3",
    severity=Severity.ERROR,
    title="layout that cannot be parsed",
    expected="well-formed XML without a DOCTYPE, not too long and not too deep",
    effect="XML description file parser error; no file is opened",
    next_step="correct the XML there",
)

CHECKS = LAYOUT_CHECKS + ROUTING_CHECKS + ATTRIBUTE_CHECKS

RULES: tuple[Rule, ...] = (
    NOT_XML,
    *QUIRKS,
    *ATTRIBUTE_QUIRKS,
    *(check.rule for check in CHECKS),
)
"""Every rule that a lint can report; each has an entry in docs/reference/lint-rules.md."""


def lint(
    layout: str,
    attributes: str | None = None,
    macros: str = "",
    frame_types: Sequence[FrameTypeText] | None = None,
) -> tuple[Finding, ...]:
    """What is wrong with a layout, and with an attributes file and frame types beside it.

    ``layout`` and ``attributes`` are what the PVs hold: a path, XML text, or "" for the default.

    Raises
    ------
    SourceUnreadable
        There is no such layout file. (A missing attributes file is a finding.)
    """
    definitions = load_attributes(attributes, macros) if attributes is not None else None
    text, origin = source_text(layout)
    found = _of_attributes(definitions) if definitions else []
    try:
        model = read_layout(text, origin)
    except BadXml as error:
        hit = Hit(found=error.summary, position=error.position, next_step=error.next_step or "")
        found.append(finding(NOT_XML, hit, origin))
    else:
        types = tuple(frame_types) if frame_types is not None else None
        found += _of_layout(Subject(model, definitions, types))
    texts = [origin, definitions.origin if definitions else origin]
    return tuple(sorted(found, key=lambda f: _place(f, texts)))


def _of_attributes(definitions: AttributeSet) -> list[Finding]:
    found = [finding(trap.rule, trap.hit, definitions.origin) for trap in definitions.traps]
    return found + ([definitions.problem] if definitions.problem else [])


def _of_layout(subject: Subject) -> list[Finding]:
    layout: Layout = subject.layout
    found = [finding(trap.rule, trap.hit, layout.origin) for trap in layout.traps]
    for check in CHECKS:
        found += [finding(check.rule, hit, layout.origin) for hit in check.find(subject)]
    return found


def _place(found: Finding, texts: list[str]) -> tuple[int, int, int]:
    """Order for reading: the layout, the attributes file, the rest; each from its top."""
    text = texts.index(found.where) if found.where in texts else len(texts)
    return text, found.line or 0, found.column or 0
