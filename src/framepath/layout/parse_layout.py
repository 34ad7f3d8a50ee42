"""Layout XML, from a path or a setting, to the typed model."""

from __future__ import annotations

from framepath.layout.default_layout import DEFAULT_LAYOUT, DEFAULT_ORIGIN
from framepath.layout.failures import LayoutRefused
from framepath.layout.model import Layout, Mode
from framepath.layout.rules import finding
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
    if source == "":
        return parse_layout(DEFAULT_LAYOUT, DEFAULT_ORIGIN, mode)
    if INLINE_MARK in source:
        return parse_layout(source, INLINE_ORIGIN, mode)
    return parse_layout(read_file(source, INLINE_MARK), source, mode)


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
    refused = tuple(
        finding(trap.rule, trap.hit, origin)
        for trap in layout.traps
        if trap.rule.refused or (mode is Mode.STRICT and trap.rule.strict)
    )
    if refused:
        raise LayoutRefused(origin, refused)
    return layout


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
