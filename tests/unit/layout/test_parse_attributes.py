import pytest
from hypothesis import given
from hypothesis import strategies as st

from framepath.layout.attributes_model import AttributeSource, AttributesStatus, DbrType
from framepath.layout.parse_attributes import c_integer, load_attributes, parse_attributes
from framepath.layout.position import Position
from framepath.spec.ndattribute import NDAttrType


def one(text: str):
    """The only definition of a text like ``name="a" source="b"``."""
    read = parse_attributes(f"<Attributes><Attribute {text}/></Attributes>")
    assert (read.status, read.problem, read.traps) == (AttributesStatus.OK, None, ())
    (definition,) = read.definitions
    return definition


def test_the_golden_attributes(golden):
    read = load_attributes(str(golden / "attributes.xml"))
    assert (read.status, read.problem, read.traps) == (AttributesStatus.OK, None, ())
    assert [(d.name, d.type, d.value_type) for d in read.definitions] == [
        ("SaveDest", "EPICS_PV", NDAttrType.STRING),
        ("AcquireTime", "EPICS_PV", None),
        ("FrameTypeNat", "EPICS_PV", None),
        ("Missing", "EPICS_PV", None),
        ("ImageCounter", "PARAM", NDAttrType.INT32),
        ("AcqTimeParam", "PARAM", NDAttrType.FLOAT64),
        ("CameraModel", "PARAM", NDAttrType.STRING),
        ("Pi", "FUNCTION", None),
        ("Ten", "FUNCTION", None),
        ("Constant1", "CONST", NDAttrType.STRING),
    ]
    first, ten = read.definitions[0], read.definitions[8]
    assert first.source == "13SIM1:cam1:FrameType"
    assert first.description == "image, dark, or flat frame"
    assert first.position == Position(3, 5)
    assert (ten.source, ten.param) == ("myAttrFunct1", "10")
    assert read.get("savedest") is None  # rule A2.2: case matters
    assert read.get("SaveDest") is first


def test_rule_1_1_text_or_path(tmp_path):
    text = '<Attributes><Attribute name="a" source="b"/></Attributes>'
    path = tmp_path / "a.xml"
    path.write_text(text)
    assert load_attributes(text).definitions == load_attributes(str(path)).definitions
    # A root with XML attributes makes the text a path.
    read = load_attributes(text.replace("<Attributes>", '<Attributes x="y">'))
    assert read.status is AttributesStatus.NOT_FOUND
    assert "<Attributes>" in read.problem.next_step


def test_rule_1_2_no_setting_clears_and_leaves_the_status():
    read = load_attributes("")
    assert (read.definitions, read.status, read.problem) == ((), None, None)


def test_rule_1_3_states_of_the_status():
    assert [status.state for status in AttributesStatus] == [
        "Attributes file OK",
        "File not found",
        "XML syntax error",
        "Macro substitution error",
    ]
    assert list(AttributesStatus) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "macros", "status", "names", "line"),
    [
        ("<Attributes>\n<", "", 2, [], 2),
        ('<Attributes><Attribute name="a" source="b"/>', "", 2, [], 1),
        ('<a><Attributes/><Attribute name="a" source="b"/></a>', "", 2, [], 1),
        ('<attributes><Attribute name="a" source="b"/></attributes>', "", 2, [], 1),
        ('\n<Attribute source="b"/>', "", 2, ["first"], 3),
        ('\n<Attribute name="b"/>', "", 2, ["first"], 3),
        ('\n<Attribute name="b" source="c" type="epics_pv"/>', "", 2, ["first"], 3),
        ('\n<Attribute name="b" source="c" dbrtype="STRING"/>', "", 2, ["first"], 3),
        ('\n<Attribute name="b" source="$(Q)"/>', "P=1", 3, [], None),
        ("<!DOCTYPE Attributes><Attributes></Attributes>", "", 2, [], 1),
    ],
)
def test_rule_1_5_faults_keep_what_came_before(text, macros, status, names, line):
    if text.startswith("\n"):
        text = (
            '<Attributes>\n<Attribute name="first" source="x"/>'
            f'{text}\n<Attribute name="last" source="x"/></Attributes>'
        )
    read = parse_attributes(text, macros, "a.xml")
    assert read.status == status
    assert [definition.name for definition in read.definitions] == names
    assert read.problem.rule == "attributes-not-loaded"
    assert (read.problem.where, read.problem.line) == ("a.xml", line)


def test_a_missing_file(tmp_path):
    read = load_attributes(str(tmp_path / "none.xml"))
    assert (read.status, read.definitions) == (AttributesStatus.NOT_FOUND, ())
    assert "No such file" in read.problem.found


def test_rule_1_4_macros_are_replaced_before_parsing():
    text = '<Attributes><Attribute name="a" source="$(P)$(R=cam1:)X"/>$(E=)</Attributes>'
    assert parse_attributes(text, "P=1:").definitions[0].source == "1:cam1:X"
    assert parse_attributes(text.encode(), "P=µ:").definitions[0].source == "µ:cam1:X"
    assert parse_attributes(text, "").definitions[0].source == "$(P)$(R=cam1:)X"
    element = '<Attribute name="b" source="c"/>'
    assert len(parse_attributes(text, f"P=1,E='{element}'").definitions) == 2


def test_macros_leave_the_encoding_of_a_file_alone():
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>'
        '<Attributes><Attribute name="Größe" source="$(P)"/></Attributes>'
    )
    read = parse_attributes(text.encode("latin-1"), "P=x")
    assert [(d.name, d.source) for d in read.definitions] == [("Größe", "x")]


def test_rule_2_1_defaults_and_any_tag():
    definition = one('name="a" source="b"')
    assert definition.type is AttributeSource.EPICS_PV
    assert definition.dbrtype is DbrType.NATIVE
    assert (definition.description, definition.datatype, definition.param) == ("", "", "")
    assert definition.addr == 0
    read = parse_attributes('<Attributes><x name="a" source="b"><y/></x></Attributes>')
    assert [d.name for d in read.definitions] == ["a"]
    assert [trap.rule.id for trap in read.traps] == [
        "attributes-unknown-element",
        "attributes-nested-element",
    ]


def test_rule_2_2_a_second_definition_moves_to_the_end():
    read = parse_attributes(
        '<Attributes><Attribute name="a" source="1"/><Attribute name="b" source="2"/>'
        '<Attribute name="a" source="3"/></Attributes>'
    )
    assert [(d.name, d.source) for d in read.definitions] == [("b", "2"), ("a", "3")]
    assert [trap.rule.id for trap in read.traps] == ["attributes-duplicate-name"]


@pytest.mark.parametrize(
    ("dbrtype", "type"),
    [
        ("CHAR", NDAttrType.INT8),
        ("SHORT", NDAttrType.INT16),
        ("INT", NDAttrType.INT16),
        ("ENUM", NDAttrType.INT16),
        ("LONG", NDAttrType.INT32),
        ("FLOAT", NDAttrType.FLOAT32),
        ("DOUBLE", NDAttrType.FLOAT64),
        ("STRING", NDAttrType.STRING),
        ("NATIVE", None),
    ],
)
def test_rule_2_3_types_of_pvs(dbrtype, type):
    definition = one(f'name="a" source="b" type="EPICS_PV" dbrtype="DBR_{dbrtype}"')
    assert definition.value_type is type


@pytest.mark.parametrize(
    ("datatype", "type"),
    [
        ("INT", NDAttrType.INT32),
        ("INT64", NDAttrType.INT64),
        ("DOUBLE", NDAttrType.FLOAT64),
        ("STRING", NDAttrType.STRING),
        ("int", NDAttrType.UNDEFINED),
        ("FLOAT", NDAttrType.UNDEFINED),
        ("", NDAttrType.UNDEFINED),
    ],
)
def test_rule_2_4_types_of_parameters(datatype, type):
    assert one(f'name="a" source="b" type="PARAM" datatype="{datatype}"').value_type is type


def test_rule_2_4_a_parameter_without_datatype_stays_undefined():
    assert one('name="a" source="b" type="PARAM"').value_type is NDAttrType.UNDEFINED


def test_a_wrong_dbrtype_matters_for_pvs_only():
    assert one('name="a" source="b" type="CONST" dbrtype="x"').value_type is NDAttrType.STRING


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("0x1F", 31),
        ("010", 8),
        ("089", 0),
        ("-3", -3),
        (" 4x", 4),
        ("x", 0),
        ("", 0),
        ("0x", 0),
        ("9" * 5000, int("9" * 64)),
    ],
)
def test_c_integers(text, number):
    assert c_integer(text) == number


@given(st.text(alphabet="<>/=\"$(){}' nameAttributesource", max_size=80) | st.binary(max_size=40))
def test_any_text_gives_a_status(text):
    read = parse_attributes(text, "P=1")
    assert (read.status is AttributesStatus.OK) == (read.problem is None)
