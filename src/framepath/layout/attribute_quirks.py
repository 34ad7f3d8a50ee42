"""Rules table of what areaDetector passes over while it reads an attributes file."""

from __future__ import annotations

from framepath.layout.rules import Rule
from framepath.spec.findings import Severity

NOT_LOADED = Rule(
    id="attributes-not-loaded",
    reference="A1.5",
    severity=Severity.ERROR,
    title="the attributes file is not read, or not to its end",
    expected="an attributes file that is read to its end",
    effect="NDAttributesStatus shows it; the attributes before the fault are in force, "
    "those after it do not exist",
    next_step="correct the file there",
    strict=False,
)
REPEATED_ATTRIBUTE = Rule(
    id="attributes-duplicate-name",
    reference="A2.2",
    severity=Severity.WARNING,
    title="two definitions of one name",
    expected="a name once",
    effect="the second replaces the first and moves to the end of the list",
    next_step="delete or rename one",
    strict=False,
)
UNKNOWN_TAG = Rule(
    id="attributes-unknown-element",
    reference="A2.1",
    severity=Severity.NOTE,
    title="definition whose element is not called Attribute",
    expected="<Attribute>",
    effect="it is read like an Attribute, but schema checkers refuse it",
    next_step="rename the element",
    strict=False,
)
NESTED_ELEMENT = Rule(
    id="attributes-nested-element",
    reference="A2.1",
    severity=Severity.ERROR,
    title="element inside a definition",
    expected="every definition directly below <Attributes>",
    effect="it is ignored",
    next_step="move it below <Attributes>",
    strict=False,
)
UNKNOWN_XML_ATTRIBUTE = Rule(
    id="attributes-unknown-xml-attribute",
    reference="A2.1",
    severity=Severity.WARNING,
    title="XML attribute that a definition does not have",
    expected="name, source, type, description, dbrtype, datatype, addr or param (lower case)",
    effect="it is ignored",
    next_step="correct the spelling or delete it",
    strict=False,
)

ATTRIBUTE_QUIRKS = (
    NOT_LOADED,
    REPEATED_ATTRIBUTE,
    UNKNOWN_TAG,
    NESTED_ELEMENT,
    UNKNOWN_XML_ATTRIBUTE,
)
