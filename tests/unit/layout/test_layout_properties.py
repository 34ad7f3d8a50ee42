"""Random layouts come back from their XML; random text is a layout or a LayoutError."""

from dataclasses import replace
from xml.sax.saxutils import quoteattr

from hypothesis import given, settings
from hypothesis import strategies as st

from framepath.layout.failures import BadXml, LayoutRefused
from framepath.layout.lint.run import lint
from framepath.layout.model import (
    ConstantType,
    HardLink,
    Layout,
    LayoutAttribute,
    LayoutDataset,
    LayoutGroup,
    Mode,
    Position,
    Source,
    When,
)
from framepath.layout.parse_layout import parse_layout

NOWHERE = Position(1, 1)
# What XML 1.0 cannot hold (controls, surrogates) cannot stand in a layout either.
TEXT = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"], max_codepoint=0xFFFD),
    max_size=12,
)
NAMES = st.text(
    st.characters(
        min_codepoint=0x21,
        exclude_categories=["Cs", "Cc"],
        exclude_characters="/",
        max_codepoint=0x2FF,
    ),
    min_size=1,
    max_size=6,
)


def constant_attributes():
    return st.builds(
        LayoutAttribute,
        NAMES,
        st.just(Source.CONSTANT),
        st.just(NOWHERE),
        value=TEXT,
        type=st.sampled_from(ConstantType),
    )


def ndattribute_attributes():
    return st.builds(
        LayoutAttribute,
        NAMES,
        st.just(Source.NDATTRIBUTE),
        st.just(NOWHERE),
        ndattribute=NAMES,
        when=st.sampled_from([None, When.FILE_OPEN, When.FILE_CLOSE]),
    )


def by_name(nodes):
    return tuple({node.name: node for node in nodes}.values())


def attributes():
    return st.lists(constant_attributes() | ndattribute_attributes(), max_size=3).map(by_name)


def datasets():
    common = {"position": st.just(NOWHERE), "attributes": attributes(), "name": NAMES}
    return (
        st.builds(
            LayoutDataset, source=st.just(Source.DETECTOR), det_default=st.booleans(), **common
        )
        | st.builds(
            LayoutDataset,
            source=st.just(Source.CONSTANT),
            value=TEXT,
            type=st.sampled_from(ConstantType),
            **common,
        )
        | st.builds(
            LayoutDataset,
            source=st.just(Source.NDATTRIBUTE),
            ndattribute=NAMES,
            when=st.sampled_from(When),
            **common,
        )
    )


def links():
    return st.builds(HardLink, NAMES, TEXT, st.just(NOWHERE))


def group(name, flag, children, own_datasets, own_attributes, own_links):
    """A group whose children have different names: groups before datasets before links."""
    taken = {child.name for child in children}
    own_datasets = tuple(d for d in by_name(own_datasets) if d.name not in taken)
    taken |= {dataset.name for dataset in own_datasets}
    own_links = tuple(link for link in by_name(own_links) if link.name not in taken)
    return LayoutGroup(
        name, NOWHERE, flag, by_name(children), own_datasets, own_attributes, own_links
    )


def groups(children):
    return st.builds(
        group,
        NAMES,
        st.booleans(),
        children,
        st.lists(datasets(), max_size=3),
        attributes(),
        st.lists(links(), max_size=2),
    )


LAYOUTS = st.builds(
    Layout,
    groups=st.lists(
        st.recursive(
            groups(st.just([])), lambda inner: groups(st.lists(inner, max_size=3)), max_leaves=6
        ),
        max_size=3,
    ).map(by_name),
    destination_attribute=NAMES | st.just(""),
    auto_ndattr_default=st.booleans(),
).map(
    lambda layout: replace(
        layout,
        globals={"detector_data_destination": layout.destination_attribute}
        if layout.destination_attribute
        else {},
    )
)


def element(tag, content="", /, **given):
    text = " ".join(f"{key}={quoteattr(str(value))}" for key, value in given.items() if value)
    # name="" and value="" must be written too: dropping them changes the meaning.
    for key in ("value", "target"):
        if given.get(key) == "":
            text += f' {key}=""'
    return f"<{tag} {text}>{content}</{tag}>" if content else f"<{tag} {text}/>"


def flag(value):
    return "true" if value else None


def attribute_xml(node):
    return element(
        "attribute",
        name=node.name,
        source=node.source,
        ndattribute=node.ndattribute,
        when=node.when,
        value=node.value if node.source is Source.CONSTANT else None,
        type=node.type if node.source is Source.CONSTANT else None,
    )


def dataset_xml(node):
    return element(
        "dataset",
        "".join(map(attribute_xml, node.attributes)),
        name=node.name,
        source=node.source,
        det_default=flag(node.det_default),
        ndattribute=node.ndattribute,
        when=node.when if node.source is Source.NDATTRIBUTE else None,
        value=node.value if node.source is Source.CONSTANT else None,
        type=node.type,
    )


def group_xml(node):
    children = [
        *map(group_xml, node.groups),
        *map(dataset_xml, node.datasets),
        *map(attribute_xml, node.attributes),
        *(element("hardlink", name=link.name, target=link.target) for link in node.hardlinks),
    ]
    return element(
        "group", "\n".join(children), name=node.name, ndattr_default=flag(node.ndattr_default)
    )


def layout_xml(layout):
    routing = element(
        "global", name="detector_data_destination", ndattribute=layout.destination_attribute
    )
    content = (routing if layout.destination_attribute else "") + "\n".join(
        map(group_xml, layout.groups)
    )
    auto = None if layout.auto_ndattr_default else "false"
    return '<?xml version="1.0"?>\n' + element("hdf5_layout", content, auto_ndattr_default=auto)


def without_positions(node):
    """The same node as if every element stood at line 1, column 1."""
    changes = {}
    for name in ("groups", "datasets", "attributes", "hardlinks"):
        if hasattr(node, name):
            changes[name] = tuple(map(without_positions, getattr(node, name)))
    if hasattr(node, "position"):
        changes["position"] = NOWHERE
    return replace(node, **changes)


@settings(max_examples=150, deadline=None)
@given(LAYOUTS)
def test_a_layout_comes_back_from_its_xml(layout):
    read = parse_layout(layout_xml(layout))
    assert without_positions(read) == layout
    assert read.traps == ()


@settings(max_examples=150, deadline=None)
@given(LAYOUTS)
def test_positions_point_at_the_elements(layout):
    text = layout_xml(layout)
    lines = text.split("\n")
    for _, node in parse_layout(text).walk_groups():
        at = node.position
        assert lines[at.line - 1][at.column - 1 :].startswith("<group")


WORDS = [
    "<hdf5_layout>",
    "</hdf5_layout>",
    '<group name="a">',
    '<group name="a"/>',
    "</group>",
    '<group name="b" ndattr_default="true">',
    '<dataset name="d" source="detector">',
    '<dataset name="e" source="constant" type="int" value="1,x"/>',
    "</dataset>",
    "<group/>",
    '<attribute name="x" source="constant"/>',
    '<hardlink name="l" target="/a/d"/>',
    "<dataset/>",
    '<global name="detector_data_destination" ndattribute="S"/>',
    "&amp;",
    "<!--",
    "-->",
    "<?xml",
    "<!DOCTYPE a>",
    "text",
    "<Other>",
    "</Other>",
    "\n",
    "&#0;",
    "&#xD800;",
    "]]>",
    "\0",
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), max_size=25).map("".join)
    | st.text(max_size=60)
    | st.binary(max_size=60)
)
def test_garbage_is_a_layout_or_a_layout_error(text):
    for mode in Mode:
        try:
            parse_layout(text, mode=mode)
        except (BadXml, LayoutRefused):
            pass


NESTED = st.recursive(
    st.sampled_from([word for word in WORDS if word.endswith("/>")]),
    lambda inner: st.builds(
        lambda open_tag, parts: (
            open_tag + "".join(parts) + f"</{open_tag[1:].split(' ')[0].rstrip('>')}>"
        ),
        st.sampled_from(
            [
                '<group name="a">',
                '<group name="b">',
                "<group>",
                "<Other>",
                '<dataset name="d" source="detector">',
                "<dataset>",
            ]
        ),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(NESTED)
def test_well_formed_misuse_parses_or_is_refused_and_always_lints(inner):
    text = f'<?xml version="1.0"?><hdf5_layout>{inner}</hdf5_layout>'
    try:
        parse_layout(text)
    except LayoutRefused:
        pass
    assert all(found.line == 1 for found in lint(text) if found.line)
