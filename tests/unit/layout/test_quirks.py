"""What compat mode makes of XML that ADCore repairs in silence: one test a rule."""

import pytest

from framepath.errors import LayoutError
from framepath.layout.failures import LayoutRefused
from framepath.layout.model import ConstantType, Layout, Mode, When
from framepath.layout.parse_layout import parse_layout, read_layout


def met(text: str) -> tuple[Layout, list[str]]:
    """The layout in compat mode, and the rules broken on the way."""
    layout = parse_layout(text)
    return layout, [trap.rule.id for trap in layout.traps]


def inside(text: str) -> str:
    return f'<hdf5_layout><group name="g">{text}</group></hdf5_layout>'


def groups(layout: Layout) -> list[str]:
    return [address for address, _ in layout.walk_groups()]


def datasets(layout: Layout) -> list[str]:
    return [address for address, _ in layout.walk_datasets()]


def test_rule_2_1_children_of_an_unknown_element_stand_in_its_place():
    layout, rules = met(inside('<Group name="x"><group name="a"/></Group><group name="b"/>'))
    assert groups(layout) == ["/g", "/g/a", "/g/b"]
    assert rules == ["layout-unknown-element"]


def test_rule_2_1_options_of_a_root_of_another_name_are_lost():
    layout, rules = met('<xml auto_ndattr_default="false"><group name="g"/></xml>')
    assert layout.auto_ndattr_default
    assert rules == ["layout-unknown-root"]


def test_rule_2_2_unknown_xml_attributes_are_ignored():
    layout, rules = met('<group name="g" NDATTR_DEFAULT="true" xmlns="u" x:y="z"/>')
    assert layout.default_attribute_group() == ""
    assert rules == ["layout-unknown-xml-attribute"]


def test_rule_2_5_the_end_of_an_element_that_failed_ascends_all_the_same():
    duplicate = '<group name="a"/><group name="a"><group name="b"/></group><group name="c"/>'
    layout, rules = met(inside(duplicate))
    # b lands in g, where the second a should have been; c one level too high.
    assert groups(layout) == ["/c", "/g", "/g/a", "/g/b"]
    assert rules == ["layout-duplicate-name"]


def test_rule_2_5_holds_for_the_empty_element_form_and_for_datasets():
    for failed in ('<group name="a"/>', "<dataset/>", '<dataset source="detector"></dataset>'):
        layout, _ = met(inside(f'<group name="a"/>{failed}<group name="c"/>'))
        assert groups(layout) == ["/c", "/g", "/g/a"]


def test_rule_2_5_attributes_of_a_failed_element_go_to_its_parent():
    layout, _ = met(
        inside('<group name="a"/><group name="a"><attribute name="x" source="constant"/></group>')
    )
    assert [(owner, a.name) for owner, a in layout.walk_attributes()] == [("/g", "x")]


def test_rule_2_6_elements_without_xml_attributes_are_skipped():
    layout, rules = met("<l><group/><global/><group name='g'><attribute/><hardlink/></group></l>")
    assert groups(layout) == ["/g"]
    assert layout.groups[0].attributes == layout.groups[0].hardlinks == ()
    assert rules == [
        "layout-unknown-root",
        "layout-missing-name",
        "layout-incomplete-global",
        "layout-missing-name",
        "layout-missing-name",
    ]


@pytest.mark.parametrize("text", ["no", "False", "", "0"])
def test_rule_3_1_another_value_keeps_the_default(text):
    layout, rules = met(f'<hdf5_layout auto_ndattr_default="{text}"/>')
    assert layout.auto_ndattr_default
    assert rules == ["layout-bad-flag"]


def test_rule_4_1_globals():
    layout, rules = met(
        '<hdf5_layout><global name="detector_data_destination" ndattribute="A"/>'
        '<global name="other" ndattribute="B"/><global name="detector_data_destination"/>'
        '<group name="g"><global name="detector_data_destination" ndattribute="C"/></group>'
        "</hdf5_layout>"
    )
    assert layout.globals == {"detector_data_destination": "C", "other": "B"}
    assert layout.destination_attribute == "C"
    assert rules == ["layout-unknown-global", "layout-incomplete-global", "layout-repeated-global"]


def test_rule_5_only_true_sets_ndattr_default():
    layout, rules = met('<group name="g" ndattr_default="True"/>')
    assert layout.default_attribute_group() == ""
    assert rules == ["layout-bad-flag"]
    assert met('<group name="g" ndattr_default="false"/>')[1] == []


def test_rule_5_1_the_second_of_a_name_is_not_created():
    for second in ('<group name="a"/>', '<dataset name="a" source="detector"/>'):
        layout, rules = met(inside(f'<group name="a"/>{second}'))
        assert (groups(layout), datasets(layout)) == (["/g", "/g/a"], [])
        assert rules == ["layout-duplicate-name"]
    layout, rules = met(inside('<dataset name="a" source="detector"/><group name="a"/>'))
    assert (groups(layout), datasets(layout)) == (["/g"], ["/g/a"])


def test_rule_5_4_what_stands_under_the_root_is_never_written():
    loose = (
        '<dataset name="d" source="detector"><attribute name="x" source="constant"/></dataset>'
        '<attribute name="y" source="constant"/>'
    )
    before, rules = met(f'<hdf5_layout>{loose}<group name="g"/></hdf5_layout>')
    assert groups(before) == ["/g"]
    assert (datasets(before), list(before.walk_attributes())) == ([], [])
    assert rules == ["layout-outside-group"] * 3
    after, rules = met(
        f'<hdf5_layout><group name="g"/>{loose}<hardlink name="l" target="/g"/></hdf5_layout>'
    )
    assert (groups(after), datasets(after)) == (["/g"], [])
    assert list(after.walk_attributes()) == list(after.walk_hardlinks()) == []
    # The attribute inside the dataset has a place, in a dataset that is never written.
    assert rules == ["layout-outside-group"] * 3


def test_rule_5_4_a_name_under_the_root_is_taken_all_the_same():
    layout, rules = met(
        '<hdf5_layout><group name="g"/><dataset name="d" source="detector"/><group name="d"/>'
        "</hdf5_layout>"
    )
    assert groups(layout) == ["/g"]
    assert rules == ["layout-outside-group", "layout-duplicate-name"]


@pytest.mark.parametrize(
    "text",
    [
        inside('<dataset name="d" source="detector"><group name="x"/></dataset>'),
        inside('<dataset name="d" source="detector"><dataset name="x"/></dataset>'),
        inside('<dataset name="d" source="detector"><hardlink name="x" target="/g"/></dataset>'),
        '<hdf5_layout><hardlink name="x" target="/g"/><group name="g"/></hdf5_layout>',
    ],
)
def test_rule_5_4_undefined_behaviour_is_refused_in_both_modes(text):
    for mode in Mode:
        with pytest.raises(LayoutRefused, match="layout-misplaced-element"):
            parse_layout(text, mode=mode)
    assert "layout-misplaced-element" in [t.rule.id for t in read_layout(text, "x").traps]


def test_reading_goes_on_behind_a_misplaced_element():
    text = inside(
        '<dataset name="d" source="detector"><group name="x"><group name="y"/></group></dataset>'
        '<group name="z"/>'
    )
    layout = read_layout(text, "x")
    assert groups(layout) == ["/g", "/g/z"]
    assert [t.rule.id for t in layout.traps] == ["layout-misplaced-element"]


@pytest.mark.parametrize("source", ["", ' source="Detector"', ' source=""'])
def test_rule_6_1_a_dataset_without_known_source_is_in_the_tree_but_has_none(source):
    layout, rules = met(inside(f'<dataset name="d"{source}/>'))
    assert layout.groups[0].datasets[0].source is None
    assert rules == ["layout-unknown-source"]


def test_rule_6_1_the_performance_place_needs_no_source():
    assert met('<group name="performance"><dataset name="timestamp"/></group>')[1] == []
    assert met('<group name="performance"><dataset name="other"/></group>')[1] != []
    assert met('<group name="g"><dataset name="timestamp"/></group>')[1] != []


def test_rule_6_2_when_is_ignored_without_an_ndattribute():
    layout, rules = met(
        inside('<dataset name="d" source="constant" type="int" value="1" when="OnFileClose"/>')
    )
    assert layout.groups[0].datasets[0].when is When.FRAME
    assert rules == ["layout-when-ignored"]


def test_rule_6_3_a_constant_dataset_without_type_loses_its_value():
    layout, rules = met(inside('<dataset name="d" source="constant" value="5"/>'))
    dataset = layout.groups[0].datasets[0]
    assert (dataset.value, dataset.type) == ("", None)
    assert rules == ["layout-constant-without-type"]
    # Nothing is lost where there is no value, and an attribute keeps its value without a type.
    assert met(inside('<dataset name="d" source="constant"/>'))[1] == []
    layout, rules = met(inside('<attribute name="a" source="constant" value="5"/>'))
    attribute = layout.groups[0].attributes[0]
    assert (attribute.value, attribute.type, rules) == ("5", ConstantType.STRING, [])


def test_rule_6_another_type_is_string():
    layout, rules = met(inside('<dataset name="d" source="constant" value="5" type="Int"/>'))
    dataset = layout.groups[0].datasets[0]
    assert (dataset.value, dataset.type) == ("5", ConstantType.STRING)
    assert rules == ["layout-unknown-type"]


def test_rule_6n_4_another_when_is_every_frame():
    layout, rules = met(
        inside('<dataset name="d" source="ndattribute" ndattribute="A" when="onfileopen"/>')
    )
    assert layout.groups[0].datasets[0].when is When.FRAME
    assert rules == ["layout-unknown-when"]


def test_rule_7_3_another_when_of_an_attribute_is_none():
    layout, rules = met(
        inside('<attribute name="d" source="ndattribute" ndattribute="A" when="OnFrame"/>')
    )
    assert layout.groups[0].attributes[0].when is None
    assert rules == ["layout-unknown-when"]


def test_source_ndattribute_that_names_none():
    layout, rules = met(
        inside(
            '<dataset name="d" source="ndattribute"/>'
            '<attribute name="a" source="ndattribute" ndattribute=""/>'
        )
    )
    assert layout.groups[0].datasets[0].ndattribute == ""
    assert rules == ["layout-no-ndattribute"] * 2


def test_rule_7_2_attributes():
    layout, rules = met(
        inside(
            '<attribute name="a" source="constant" value="1"/>'
            '<attribute name="a" source="constant" value="2"/>'
            '<attribute name="b" source="detector" value="3"/>'
        )
    )
    assert [(a.name, a.value, a.source) for a in layout.groups[0].attributes] == [
        ("a", "1", "constant"),
        ("b", "", None),
    ]
    assert rules == ["layout-duplicate-attribute", "layout-unknown-source"]


def test_rule_10_1_a_link_without_target_is_skipped():
    layout, rules = met(inside('<hardlink name="l"/>'))
    assert layout.groups[0].hardlinks == ()
    assert rules == ["layout-incomplete-hardlink"]


def test_rule_10_2_the_first_of_two_links_is_kept():
    layout, rules = met(inside('<hardlink name="l" target="/a"/><hardlink name="l" target="/b"/>'))
    assert [link.target for link in layout.groups[0].hardlinks] == ["/a"]
    assert rules == ["layout-duplicate-hardlink"]


def test_rule_10_2_a_link_clashes_with_groups_and_datasets_before_and_after_it():
    link = '<hardlink name="n" target="/g"/>'
    for other in ('<group name="n"/>', '<dataset name="n" source="detector"/>'):
        layout, rules = met(inside(other + link))
        assert layout.groups[0].hardlinks == ()
        assert rules == ["layout-duplicate-hardlink"]
        layout, rules = met(inside(link + other))
        assert "/g/n" in groups(layout) + datasets(layout)
        assert rules == ["layout-duplicate-hardlink"]


def test_det_default_is_honoured_on_any_source():
    layout, rules = met(
        inside(
            '<dataset name="a" source="detector"/>'
            '<dataset name="b" source="constant" det_default="true"/>'
        )
    )
    assert layout.default_destination() == "/g/b"
    assert rules == []  # the model still shows it: a check, not a trap


def test_strict_refuses_each_trap_that_compat_repairs():
    for text in ('<xml><group name="g"/></xml>', inside('<Dataset name="x"/>')):
        with pytest.raises(LayoutError):
            parse_layout(text, mode=Mode.STRICT)
