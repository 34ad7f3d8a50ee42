"""Layout XML, from a path or a setting, to the typed model."""

from __future__ import annotations

from framepath.layout.default_layout import DEFAULT_LAYOUT, DEFAULT_ORIGIN
from framepath.layout.failures import LayoutRefused
from framepath.layout.lint.layout_checks import LAYOUT_CHECKS
from framepath.layout.lint.subject import Subject
from framepath.layout.model import Layout, Mode
from framepath.layout.rules import Hit, Rule, finding
from framepath.layout.tree_builder import TreeBuilder
from framepath.layout.xml_source import read_file, walk_elements

INLINE_MARK = "<?xml"
"""A setting that contains this is XML text, any other is a path (rule 1.1)."""

INLINE_ORIGIN = "inline XML"


def load_layout(source: str, mode: Mode = Mode.COMPAT) -> Layout:
    """The layout that the setting ``XMLFileName`` means: a path, XML text, or "" for the default.

    Raises
    ------
    SourceUnreadable, BadXml, LayoutRefused
        All are `LayoutError`; ``status_message`` is the text for ``XMLErrorMsg_RBV``.
    """
    text, origin = source_text(source)
    return parse_layout(text, origin, mode)


def source_text(source: str) -> tuple[str | bytes, str]:
    """The XML that a setting means, and a name for it (rules 1.1 and 1.2).

    Raises
    ------
    SourceUnreadable
        It is a path, and there is no such file.
    """
    if source == "":
        return DEFAULT_LAYOUT, DEFAULT_ORIGIN
    if INLINE_MARK in source:
        return source, INLINE_ORIGIN
    return read_file(source, INLINE_MARK), source


def parse_layout(
    text: str | bytes, origin: str = INLINE_ORIGIN, mode: Mode = Mode.COMPAT
) -> Layout:
    """The layout that an XML text describes; ``origin`` names the text in errors.

    Raises
    ------
    BadXml
        Not well-formed, with a DOCTYPE, or too long or deep.
    LayoutRefused
        Elements where the C++ behaviour is undefined; in ``strict`` mode every silent trap.
    """
    layout = read_layout(text, origin)
    met = [(trap.rule, trap.hit) for trap in layout.traps]
    if mode is Mode.STRICT:
        subject = Subject(layout)
        met += [(check.rule, hit) for check in LAYOUT_CHECKS for hit in check.find(subject)]
    refused = tuple(finding(rule, hit, origin) for rule, hit in met if _is_refused(rule, hit, mode))
    if refused:
        raise LayoutRefused(origin, refused)
    return layout


def _is_refused(rule: Rule, hit: Hit, mode: Mode) -> bool:
    # A hit below its rule's severity is one that only the attributes file could settle.
    is_certain = hit.severity in (None, rule.severity)
    return rule.refused or (mode is Mode.STRICT and rule.strict and is_certain)


def read_layout(text: str | bytes, origin: str) -> Layout:
    """The layout as far as well-formed XML gives one, whatever traps it holds (`Layout.traps`).

    Raises
    ------
    BadXml
        As `parse_layout`.
    """
    builder = TreeBuilder()
    walk_elements(text, origin, builder.start, builder.end)
    return builder.layout(origin)
