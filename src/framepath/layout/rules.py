"""What a lint rule is, and one place in an XML text where it is broken."""

from __future__ import annotations

from dataclasses import dataclass

from framepath.layout.position import Position
from framepath.spec.findings import Finding, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the rules tables.

    Attributes
    ----------
    id
        Stable name, an entry of docs/reference/lint-rules.md.
    reference
        Rule number in docs/reference/layout-xml.md; ``A`` before it means ndattributes-xml.md.
    severity
        Unless a `Hit` says otherwise.
    title
        The fault in a few words.
    expected
        What should stand there.
    effect
        What the C++ plugin does with it.
    next_step
        What to write instead.
    strict
        ``strict`` mode refuses a layout that breaks the rule.
    refused
        No mode writes by such a layout, because the C++ behaviour is undefined.
    """

    id: str
    reference: str
    severity: Severity
    title: str
    expected: str
    effect: str
    next_step: str
    strict: bool = True
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One place where a rule is broken; what is not None or "" replaces the rule's own words.

    ``where`` names another text than the one at hand.
    """

    found: str
    position: Position | None = None
    where: str = ""
    severity: Severity | None = None
    expected: str = ""
    effect: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Trap:
    """A hit met while parsing, kept with the layout because the model no longer shows it."""

    rule: Rule
    hit: Hit


def finding(rule: Rule, hit: Hit, where: str) -> Finding:
    """The finding that tells of one hit in the text called ``where``."""
    return Finding(
        rule=rule.id,
        severity=hit.severity or rule.severity,
        found=hit.found,
        expected=hit.expected or rule.expected,
        where=hit.where or where,
        next_step=hit.next_step or rule.next_step,
        effect=hit.effect or rule.effect,
        line=hit.position.line if hit.position else None,
        column=hit.position.column if hit.position else None,
    )
