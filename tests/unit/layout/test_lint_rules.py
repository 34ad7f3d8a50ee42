"""Every rule of the table is met by XML that breaks it, and by no other."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from framepath.errors import SettingsError
from framepath.layout.failures import LayoutRefused, SourceUnreadable
from framepath.layout.lint.page import page
from framepath.layout.lint.run import RULES, lint
from framepath.layout.lint.subject import FrameTypeText, parse_frame_types
from framepath.layout.model import Mode
from framepath.layout.parse_layout import parse_layout
from framepath.spec.findings import Severity

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
DATASETS = """
  <group name="entry"><group name="data">
    <dataset name="data" source="detector" det_default="true"/>
    <dataset name="dark" source="detector"/>
  </group></group>"""
META = '<group name="meta" ndattr_default="true"/>'
ROUTING = '<global name="detector_data_destination" ndattribute="SaveDest"/>'
SAVE_DEST = (
    '<Attribute name="SaveDest" type="EPICS_PV" source="P:cam1:FrameType" dbrtype="DBR_STRING"/>'
)
NOT_IN_ROOT = 'auto_ndattr_default="false"'
FRAME_TYPES = "0=/entry/data/data,1=/entry/data/dark"
LONG = "/entry/instrument/detector/dark"
LONG_LAYOUT = f"""<?xml version="1.0"?>
<hdf5_layout>{ROUTING}{META}<group name="entry"><group name="instrument"><group name="detector">
  <dataset name="data" source="detector" det_default="true"/>
  <dataset name="dark" source="detector"/>
</group></group></group></hdf5_layout>"""


def layout(extra: str = "", datasets: str = DATASETS, routing: str = ROUTING) -> str:
    return f'<?xml version="1.0"?>\n<hdf5_layout>{routing}{META}{datasets}\n{extra}</hdf5_layout>'


def inside(extra: str) -> str:
    return layout(f'<group name="g">{extra}</group>')


def attributes(extra: str = "", first: str = SAVE_DEST) -> str:
    return f"<Attributes>\n{first}\n{extra}</Attributes>"


@dataclass(frozen=True)
class Case:
    rule: str
    layout: str = field(default_factory=layout)
    attributes: str | None = None
    frame_types: str | None = None
    macros: str = ""
    also: tuple[str, ...] = ()
    """Other rules that the same fault breaks."""


PARAM = '<Attribute name="a" type="PARAM" source="X"/>'
CASES = [
    Case("layout-not-xml", layout("<group>")),
    Case("layout-unknown-root", layout().replace("hdf5_layout", "hdf_layout")),
    Case("layout-unknown-element", layout("<grup/>")),
    Case("layout-unknown-xml-attribute", layout('<group name="g" det_default="true"/>')),
    Case("layout-missing-name", layout("<group/>")),
    Case("layout-duplicate-name", layout('<group name="entry"/>')),
    Case("layout-bad-flag", layout('<group name="g" ndattr_default="True"/>')),
    Case("layout-incomplete-global", layout('<global name="detector_data_destination"/>')),
    Case("layout-unknown-global", layout('<global name="destination" ndattribute="x"/>')),
    Case("layout-repeated-global", layout(ROUTING)),
    Case("layout-outside-group", layout('<attribute name="a" source="constant"/>')),
    Case(
        "layout-misplaced-element",
        inside('<dataset name="d" source="constant"><group name="x"/></dataset>'),
    ),
    Case("layout-unknown-source", inside('<dataset name="d"/>')),
    Case("layout-unknown-type", inside('<dataset name="d" source="constant" type="str"/>')),
    Case(
        "layout-unknown-when",
        inside('<dataset name="d" source="ndattribute" ndattribute="ColorMode" when="never"/>'),
    ),
    Case(
        "layout-when-ignored",
        inside('<attribute name="d" source="constant" when="OnFileClose"/>'),
    ),
    Case("layout-constant-without-type", inside('<dataset name="d" source="constant" value="1"/>')),
    Case("layout-no-ndattribute", inside('<dataset name="d" source="ndattribute"/>')),
    Case("layout-duplicate-attribute", inside('<attribute name="a" source="constant"/>' * 2)),
    Case("layout-duplicate-hardlink", inside('<hardlink name="l" target="/entry"/>' * 2)),
    Case("layout-incomplete-hardlink", inside('<hardlink name="l"/>')),
    Case("layout-no-detector", layout(datasets="")),
    Case("layout-no-detector", '<?xml version="1.0"?><hdf5_layout/>'),
    Case("layout-no-det-default", layout().replace(' det_default="true"', "")),
    Case(
        "layout-two-det-default",
        layout().replace('"dark" source', '"dark" det_default="true" source'),
    ),
    Case(
        "layout-det-default-elsewhere",
        inside('<dataset name="d" source="constant" det_default="true"/>'),
        also=("layout-two-det-default",),
    ),
    Case("layout-two-ndattr-default", layout('<group name="g" ndattr_default="true"/>')),
    Case("layout-no-routing", layout(routing="")),
    Case(
        "layout-no-routing",
        layout(routing='<global name="detector_data_destination" ndattribute=""/>'),
    ),
    Case(
        "layout-ndattribute-twice",
        inside(
            '<dataset name="a" source="ndattribute" ndattribute="ColorMode"/>'
            '<dataset name="b" source="ndattribute" ndattribute="ColorMode"/>'
        ),
    ),
    Case("layout-bad-name", layout('<group name="a/b"/>')),
    Case("layout-bad-name", inside('<attribute name="" source="constant"/>')),
    Case(
        "layout-constant-not-numeric",
        inside('<attribute name="a" source="constant" type="int" value="1;2"/>'),
    ),
    Case(
        "layout-constant-not-numeric",
        inside('<dataset name="a" source="constant" type="float" value=""/>'),
    ),
    Case("layout-dangling-hardlink", inside('<hardlink name="l" target="/entry/data/flat"/>')),
    Case(
        "routing-attribute-undefined",
        attributes=attributes(first=SAVE_DEST.replace("SaveDest", "Savedest")),
        also=("attributes-large-chunk",),
    ),
    Case("routing-attribute-not-string", attributes=attributes().replace("STRING", "NATIVE")),
    Case("routing-attribute-not-string", attributes=attributes().replace("STRING", "ENUM")),
    Case(
        "routing-attribute-not-string",
        attributes=attributes(
            first='<Attribute name="SaveDest" type="PARAM" datatype="INT" source="X"/>'
        ),
    ),
    Case("routing-without-global", layout(routing=""), frame_types=FRAME_TYPES,
         also=("layout-no-routing",)),
    Case("routing-unknown-destination", frame_types=f"{FRAME_TYPES},2=/entry/data/flat"),
    Case("routing-unknown-destination", frame_types=f"{FRAME_TYPES},2=entry/data/dark"),
    Case("routing-unknown-destination", frame_types=f"{FRAME_TYPES},2="),
    Case("routing-text-too-long", LONG_LAYOUT, frame_types=f"1={LONG}",
         also=("layout-address-too-long",)),
    Case("layout-address-too-long", LONG_LAYOUT),
    Case("routing-dataset-never-named", frame_types="/entry/data/data"),
    Case("routing-text-repeated", frame_types=f"{FRAME_TYPES},2=/entry/data/dark"),
    Case("attributes-not-loaded", attributes=attributes("<")
         , also=("routing-attribute-undefined",)),
    Case("attributes-not-loaded", attributes=attributes('<Attribute name="a"/>'),
         also=("attributes-large-chunk",)),
    Case("attributes-not-loaded", attributes="/no/such/file.xml",
         also=("routing-attribute-undefined",)),
    Case("attributes-not-loaded", attributes=attributes('<Attribute name="a" source="$(R)"/>'),
         macros="P=1", also=("routing-attribute-undefined",)),
    Case("attributes-duplicate-name", attributes=attributes('<Attribute name="a" source="b"/>' * 2),
         also=("attributes-large-chunk",)),
    Case("attributes-unknown-element", attributes=attributes('<attribute name="a" source="b"/>'),
         also=("attributes-large-chunk",)),
    Case("attributes-nested-element",
         attributes=attributes('<Attribute name="a" source="b"><Attribute/></Attribute>'),
         also=("attributes-large-chunk",)),
    Case("attributes-unknown-xml-attribute",
         attributes=attributes('<Attribute name="a" source="b" DBRTYPE="DBR_STRING"/>'),
         also=("attributes-large-chunk",)),
    Case("attributes-param-datatype", attributes=attributes(PARAM),
         also=("attributes-large-chunk",)),
    Case("attributes-macro-left", attributes=attributes("<Attribute name='a' source='$(P)x'/>"),
         macros="P=1", also=("attributes-large-chunk",)),
    Case("attributes-name-of-array",
         attributes=attributes('<Attribute name="NDArrayUniqueId" source="x"/>'),
         also=("attributes-large-chunk",)),
    Case("attributes-file-close-name",
         attributes=attributes('<Attribute name="FilePluginFileClose" source="x"/>'),
         also=("attributes-large-chunk",)),
    Case("layout-ndattribute-undefined",
         inside('<dataset name="d" source="ndattribute" ndattribute="savedest"/>'),
         attributes(), also=("attributes-large-chunk",)),
    Case("layout-ndattribute-undefined",
         inside('<attribute name="d" source="ndattribute" ndattribute="x"/>'),
         attributes(), also=("attributes-large-chunk",)),
    Case("attributes-named-nowhere", layout().replace(META, ""), attributes(),
         also=("attributes-large-chunk",)),
    Case("attributes-named-nowhere",
         layout().replace(META, "").replace("<hdf5_layout", f"<hdf5_layout {NOT_IN_ROOT}"),
         attributes()),
    Case("attributes-large-chunk", attributes=attributes()),
]  # fmt: skip


def rules_met(case: Case) -> set[str]:
    types = parse_frame_types(case.frame_types) if case.frame_types is not None else None
    return {f.rule for f in lint(case.layout, case.attributes, case.macros, types)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_xml_that_breaks_a_rule_is_found(case):
    assert rules_met(case) == {case.rule, *case.also}


def test_every_rule_has_a_case_and_one_name():
    ids = [rule.id for rule in RULES]
    assert sorted(ids) == sorted(set(ids))
    assert set(ids) == {case.rule for case in CASES}


def test_sound_xml_has_no_findings():
    assert lint(layout()) == ()
    assert lint("") == ()
    met = lint(layout(), attributes(), frame_types=parse_frame_types(FRAME_TYPES))
    assert [found.severity for found in met] == [Severity.NOTE]


def test_the_golden_files(golden):
    attributes = str(golden / "attributes.xml")
    found = lint(
        str(golden / "layout_dx.xml"),
        attributes,
        frame_types=parse_frame_types("/exchange/data /exchange/data_dark /exchange/data_white"),
    )
    assert [f.rule for f in found] == ["attributes-large-chunk"]
    found = lint(
        str(golden / "layout.xml"),
        attributes,
        frame_types=parse_frame_types("/entry/data/data /entry/data/dark /entry/data/flat"),
    )
    assert [f.rule for f in found] == ["layout-ndattribute-twice", "attributes-large-chunk"]
    # The C++ plugin's own file shows it: only acq_time_close was made.
    assert "acq_time_open is never made" in found[0].effect


def test_places_are_those_of_the_fault():
    found = lint(layout('<group name="x"/>\n  <group name="entry"/>'))
    assert [(f.where, f.line, f.column) for f in found] == [("inline XML", 8, 3)]
    found = lint(layout(), attributes().replace("STRING", "NATIVE"))
    assert [(f.rule, f.where, f.line, f.column) for f in found] == [
        ("routing-attribute-not-string", "inline XML", 2, 1)
    ]


def test_findings_are_sorted_by_text_and_place(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(attributes(PARAM))
    found = lint(
        inside('<grup/>\n<attribute name="a"/>'),
        str(path),
        frame_types=parse_frame_types("1=/x"),
    )
    places = [(f.where, f.line) for f in found]
    assert places == sorted(
        places, key=lambda p: (["inline XML", str(path), "--frame-types"].index(p[0]), p[1] or 0)
    )
    assert {where for where, _ in places} == {"inline XML", str(path), "--frame-types"}


@pytest.mark.parametrize(
    ("source", "limit"),
    [
        ("P:cam1:FrameType", 25),
        ("P:cam1:FrameType_RBV", 25),
        ("P:dest.VAL$", 127),
    ],
)
def test_how_long_a_text_may_be_depends_on_its_pv(source, limit):
    text = attributes().replace("P:cam1:FrameType", source)
    found = [f for f in lint(LONG_LAYOUT, text) if f.rule == "layout-address-too-long"]
    assert bool(found) == (limit == 25)
    assert all(f"at most {limit}" in f.expected for f in found)


def test_length_is_an_error_only_where_the_pv_is_known():
    def severities(*given):
        return {
            f.found.split(" ")[0].rpartition("/")[2]: f.severity
            for f in lint(LONG_LAYOUT, *given)
            if f.rule == "layout-address-too-long"
        }

    assert severities() == {"data": Severity.WARNING, "dark": Severity.WARNING}
    # Frames reach the default dataset without being named.
    assert severities(attributes()) == {"data": Severity.WARNING, "dark": Severity.ERROR}
    constant = '<Attribute name="SaveDest" type="CONST" source="/entry/data/data"/>'
    assert severities(attributes(first=constant)) == {}


def test_nothing_longer_than_the_writers_buffer_can_be_compared():
    name = "d" * 140
    text = layout(datasets=DATASETS.replace('"dark"', f'"{name}"'))
    constant = '<Attribute name="SaveDest" type="CONST" source="x"/>'
    found = [f for f in lint(text, attributes(first=constant)) if f.line == 5]
    assert [(f.rule, f.severity) for f in found] == [("layout-address-too-long", Severity.ERROR)]


@pytest.mark.parametrize(
    ("destination", "why"),
    [
        ("/g/alias", "aliases are not compared"),
        ("/entry/data", "a group"),
        ("/g/text", "holds no frames"),
        ("entry/data/data", "not exactly /entry/data/data"),
        ("/entry/data/dark/", "not exactly /entry/data/dark"),
        ("/Entry/data/dark", "not exactly /entry/data/dark"),
    ],
)
def test_a_wrong_destination_comes_with_the_likely_reason(destination, why):
    text = inside(
        '<hardlink name="alias" target="/entry/data/data"/><dataset name="text" source="constant"/>'
    )
    found = lint(text, frame_types=parse_frame_types(f"{FRAME_TYPES},2={destination}"))
    assert [f.rule for f in found] == ["routing-unknown-destination"]
    assert why in found[0].found
    assert "/entry/data/data, in silence" in found[0].effect


def test_a_text_that_an_mbbo_has_cut_is_recognised():
    found = lint(LONG_LAYOUT, frame_types=parse_frame_types(f"1={LONG[:25]}"))
    reasons = [f.found for f in found if f.rule == "routing-unknown-destination"]
    assert reasons[0].endswith("cut to 25 characters")


LINKS = [
    ("/entry/data/data", True),
    ("/entry/data", True),
    ("entry/data/data", True),
    ("/meta/NDArrayUniqueId", True),
    ("/meta/timestamp", True),
    ("/a/first", True),
    ("/a/first/data", True),
    ("/z/last", False),
    ("/entry/data/dta", False),
    ("/meta/deeper/x", False),
    ("/a/none", False),
    ("/entry/./data//data", True),
    ("", False),
    ("/", False),
]


@pytest.mark.parametrize(("target", "is_made"), LINKS)
def test_hard_links_resolve_as_the_writer_makes_them(target, is_made):
    text = layout(
        '<group name="a"><hardlink name="first" target="/entry/data"/></group>'
        f'<group name="m"><hardlink name="l" target="{target}"/></group>'
        '<group name="z"><hardlink name="last" target="/entry/data"/></group>'
        '<group name="w"><dataset name="none" source="nothing"/></group>'
    )
    found = [f for f in lint(text) if f.rule == "layout-dangling-hardlink"]
    assert [f.found.split(" ")[0] for f in found] == ([] if is_made else ["/m/l"])


def test_a_link_to_an_ndattribute_of_the_default_group():
    text = inside('<hardlink name="l" target="/meta/Temp"/>')
    assert lint(text) == ()
    defined = attributes('<Attribute name="Temp" source="x"/>')
    assert "layout-dangling-hardlink" not in {f.rule for f in lint(text, defined)}
    found = [f for f in lint(text, attributes()) if f.rule == "layout-dangling-hardlink"]
    assert [f.severity for f in found] == [Severity.WARNING]


def test_a_link_that_only_an_ndattribute_could_make_is_no_reason_to_refuse_the_layout():
    text = inside('<hardlink name="l" target="/Temp"/>').replace(META, "")
    assert [f.severity for f in lint(text)] == [Severity.WARNING]
    parse_layout(text, mode=Mode.STRICT)
    with pytest.raises(LayoutRefused):
        parse_layout(text.replace("/Temp", "/no/Temp"), mode=Mode.STRICT)


def test_attributes_named_nowhere_say_where_they_go():
    text = layout().replace(META, "")
    (found,) = [f for f in lint(text, attributes()) if f.rule == "attributes-named-nowhere"]
    assert (found.severity, "/SaveDest" in found.effect) == (Severity.WARNING, True)
    text = text.replace("<hdf5_layout", f"<hdf5_layout {NOT_IN_ROOT}")
    (found,) = [f for f in lint(text, attributes()) if f.rule == "attributes-named-nowhere"]
    assert (found.severity, found.effect) == (Severity.ERROR, "it is not stored")


def test_macros_make_a_pv_known():
    text = attributes().replace("P:cam1", "$(P)cam1")
    assert "attributes-macro-left" in {f.rule for f in lint(layout(), text)}
    assert "attributes-macro-left" not in {f.rule for f in lint(layout(), text, "P=X:")}


def test_frame_types():
    assert parse_frame_types("0=/a, 1=/b\n/c") == (
        FrameTypeText("/a", "0"),
        FrameTypeText("/b", "1"),
        FrameTypeText("/c"),
    )
    for text in ("", " ,", "0=/a,0=/b", "16=/a"):
        with pytest.raises(SettingsError):
            parse_frame_types(text)


def test_a_layout_that_does_not_exist_is_no_finding(tmp_path):
    with pytest.raises(SourceUnreadable):
        lint(str(tmp_path / "none.xml"))


def test_each_rule_has_an_entry_in_the_reference():
    text = (REFERENCE / "lint-rules.md").read_text()
    assert all(f"| `{rule.id}` |" in text for rule in RULES)
    assert text == page(), "run python -m framepath.layout.lint.page"


def test_each_rule_number_is_in_the_reference():
    layout_page = (REFERENCE / "layout-xml.md").read_text()
    attributes_page = (REFERENCE / "ndattributes-xml.md").read_text()
    for rule in RULES:
        text = attributes_page if rule.reference.startswith("A") else layout_page
        number = rule.reference.removeprefix("A")
        assert f"**{number}**" in text or f"\n## {number}. " in text, rule


@pytest.mark.timeout(60)  # quadratic work would take minutes
def test_the_lint_of_a_large_layout_ends():
    n = 8000
    text = inside(
        "".join(
            f'<dataset name="d{i}" source="detector"/><hardlink name="l{i}" target="/x{i}/y"/>'
            for i in range(n)
        )
    )
    definitions = "".join(f'<Attribute name="a{i}" source="x"/>' for i in range(n))
    found = lint(text, attributes(definitions))
    assert sum(f.rule == "layout-dangling-hardlink" for f in found) == n
