"""The rules table of ADCore's silent repairs: what the parser of ``compat`` mode does, row by row.

`tree_builder` applies them; each row is met by a test in tests/unit/layout/test_quirks.py.
"""

from __future__ import annotations

from framepath.layout.rules import Rule
from framepath.spec.findings import Severity

UNKNOWN_ROOT = Rule(
    id="layout-unknown-root",
    reference="2.1",
    severity=Severity.WARNING,
    title="root element of another name",
    expected="<hdf5_layout>, or a <group> as the root",
    effect="the element is ignored with its options, its children are used",
    next_step="rename the root to hdf5_layout",
)
UNKNOWN_ELEMENT = Rule(
    id="layout-unknown-element",
    reference="2.1",
    severity=Severity.ERROR,
    title="element that the layout language does not have",
    expected="group, dataset, attribute, hardlink or global (case matters)",
    effect="the element is ignored, its children are used as if they stood in its place",
    next_step="correct the spelling or delete the element",
)
UNKNOWN_XML_ATTRIBUTE = Rule(
    id="layout-unknown-xml-attribute",
    reference="2.2",
    severity=Severity.WARNING,
    title="XML attribute that this element does not have",
    expected="an XML attribute of this element (case matters)",
    effect="it is ignored",
    next_step="correct the spelling or delete it",
    strict=False,
)
MISSING_NAME = Rule(
    id="layout-missing-name",
    reference="2.5",
    severity=Severity.ERROR,
    title="element without a name",
    expected='name="..."',
    effect="it is not created; after a group or dataset what follows lands one level too high",
    next_step="give it a name",
)
DUPLICATE_NAME = Rule(
    id="layout-duplicate-name",
    reference="5.1",
    severity=Severity.ERROR,
    title="two children of a group have one name",
    expected="a name once among groups, datasets and hard links of a parent",
    effect="the second is not created, and what follows its end tag lands one level too high",
    next_step="rename one, or move the second one's children into the first",
)
BAD_FLAG = Rule(
    id="layout-bad-flag",
    reference="5",
    severity=Severity.ERROR,
    title="flag that is neither true nor false",
    expected="exactly true or false, in lower case",
    effect="the flag keeps its default",
    next_step='write "true" or "false"',
)
INCOMPLETE_GLOBAL = Rule(
    id="layout-incomplete-global",
    reference="4.1",
    severity=Severity.ERROR,
    title="global without name or ndattribute",
    expected='name="detector_data_destination" ndattribute="<NDAttribute>"',
    effect="it is skipped: no frame is routed",
    next_step="give both XML attributes",
)
UNKNOWN_GLOBAL = Rule(
    id="layout-unknown-global",
    reference="4.1",
    severity=Severity.WARNING,
    title="global of another name",
    expected="detector_data_destination",
    effect="it has no effect",
    next_step="correct the name or delete the element",
)
REPEATED_GLOBAL = Rule(
    id="layout-repeated-global",
    reference="4.1",
    severity=Severity.WARNING,
    title="the same global twice",
    expected="one",
    effect="the last one wins",
    next_step="delete all but one",
)
OUTSIDE_GROUP = Rule(
    id="layout-outside-group",
    reference="5.4",
    severity=Severity.ERROR,
    title="dataset, attribute or hard link outside every group",
    expected="it inside a <group>",
    effect="it is never written",
    next_step="move it into a group",
)
MISPLACED = Rule(
    id="layout-misplaced-element",
    reference="5.4",
    severity=Severity.ERROR,
    title="group, dataset or hard link inside a dataset, or hard link before the first group",
    expected="it inside a <group>",
    effect="undefined: the IOC may crash",
    next_step="move it into a group",
    refused=True,
)
UNKNOWN_SOURCE = Rule(
    id="layout-unknown-source",
    reference="6.1",
    severity=Severity.ERROR,
    title="source is missing or unknown",
    expected='source="detector" (datasets only), "ndattribute" or "constant"',
    effect="it is not written",
    next_step="give it a source",
)
UNKNOWN_TYPE = Rule(
    id="layout-unknown-type",
    reference="6",
    severity=Severity.WARNING,
    title="type of a constant is unknown",
    expected="int, float or string",
    effect="the constant is stored as a string",
    next_step="write one of the three types",
)
UNKNOWN_WHEN = Rule(
    id="layout-unknown-when",
    reference="6n.4",
    severity=Severity.WARNING,
    title="when is unknown",
    expected="OnFileOpen or OnFileClose, or for a dataset no when at all: every frame",
    effect="a dataset gets a row every frame, an attribute is written when the file opens",
    next_step="correct the spelling or delete it",
)
WHEN_IGNORED = Rule(
    id="layout-when-ignored",
    reference="6.2",
    severity=Severity.NOTE,
    title="when on something that is not an NDAttribute",
    expected="when only beside ndattribute",
    effect="it is ignored: constants are written when the file is created",
    next_step="delete it",
    strict=False,
)
CONSTANT_WITHOUT_TYPE = Rule(
    id="layout-constant-without-type",
    reference="6.3",
    severity=Severity.ERROR,
    title="constant dataset without a type",
    expected='type="int", "float" or "string"',
    effect="the value is lost: the dataset holds an empty string",
    next_step="add the type",
)
NO_NDATTRIBUTE = Rule(
    id="layout-no-ndattribute",
    reference="6",
    severity=Severity.ERROR,
    title='source="ndattribute" without the name of an NDAttribute',
    expected='ndattribute="<name>"',
    effect="it is not written",
    next_step="name the NDAttribute",
)
DUPLICATE_ATTRIBUTE = Rule(
    id="layout-duplicate-attribute",
    reference="7.2",
    severity=Severity.WARNING,
    title="two HDF5 attributes of one name on one element",
    expected="a name once",
    effect="the first is kept",
    next_step="delete one",
)
DUPLICATE_HARDLINK = Rule(
    id="layout-duplicate-hardlink",
    reference="10.2",
    severity=Severity.ERROR,
    title="hard link whose name is taken in its group",
    expected="a name once among groups, datasets and hard links of a parent",
    effect="the link is not made",
    next_step="rename one of them",
)
INCOMPLETE_HARDLINK = Rule(
    id="layout-incomplete-hardlink",
    reference="10.1",
    severity=Severity.ERROR,
    title="hard link without a target",
    expected='target="/absolute/address"',
    effect="it is skipped",
    next_step="give it a target",
)

QUIRKS = (
    UNKNOWN_ROOT,
    UNKNOWN_ELEMENT,
    UNKNOWN_XML_ATTRIBUTE,
    MISSING_NAME,
    DUPLICATE_NAME,
    BAD_FLAG,
    INCOMPLETE_GLOBAL,
    UNKNOWN_GLOBAL,
    REPEATED_GLOBAL,
    OUTSIDE_GROUP,
    MISPLACED,
    UNKNOWN_SOURCE,
    UNKNOWN_TYPE,
    UNKNOWN_WHEN,
    WHEN_IGNORED,
    CONSTANT_WITHOUT_TYPE,
    NO_NDATTRIBUTE,
    DUPLICATE_ATTRIBUTE,
    DUPLICATE_HARDLINK,
    INCOMPLETE_HARDLINK,
)
