"""Our own layout and attributes XML hold what they promise, for any addresses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from framepath.acquire.devices.default_xml import (
    DESTINATION_ATTRIBUTE,
    FRAME_ATTRIBUTES,
    FRAMEPATH_ATTRIBUTES,
    attributes_xml,
    layout_xml,
)
from framepath.layout.model import Mode
from framepath.layout.parse_attributes import parse_attributes
from framepath.layout.parse_layout import parse_layout
from framepath.spec.addresses import ENTRY_DESTINATIONS, EXCHANGE_DESTINATIONS
from framepath.spec.frame_type import FrameType
from framepath.spec.ndattribute import FRAME_CHECKSUM, NDAttrType

parts = st.text("abcdefgh_", min_size=1, max_size=6)
addresses = st.lists(parts, min_size=2, max_size=3).map(lambda p: "/" + "/".join(p))


def apart(destinations):
    """No address lies inside another, as no dataset can be a group."""
    return len({d.rpartition("/")[2] for d in destinations}) == 3 and not any(
        a != b and (b + "/").startswith(a + "/") for a in destinations for b in destinations
    )


@given(st.lists(addresses, min_size=3, max_size=3, unique=True).filter(apart))
def test_every_frame_type_has_its_dataset(places):
    destinations = dict(zip((FrameType.IMAGE, FrameType.DARK, FrameType.FLAT), places, strict=True))
    layout = parse_layout(layout_xml(destinations), mode=Mode.STRICT)
    assert set(layout.detector_datasets()) == set(places)
    assert layout.default_destination() == destinations[FrameType.IMAGE]
    assert layout.destination_attribute == DESTINATION_ATTRIBUTE


def test_the_known_addresses_make_nexus_groups():
    for destinations in (ENTRY_DESTINATIONS, EXCHANGE_DESTINATIONS):
        layout = parse_layout(layout_xml(destinations), mode=Mode.STRICT)
        assert layout.default_attribute_group() == "/entry/instrument/detector/NDAttributes"
        links = [link for _, group in layout.walk_groups() for link in group.hardlinks]
        assert {link.target for link in links} == set(destinations.values())
    classes = {
        address: attribute.value
        for address, group in parse_layout(layout_xml(ENTRY_DESTINATIONS)).walk_groups()
        for attribute in group.attributes
        if attribute.name == "NX_class"
    }
    assert classes["/entry"] == "NXentry"
    assert classes["/entry/data"] == "NXdata"
    assert classes["/entry/instrument/detector"] == "NXdetector"


def test_the_destination_is_the_text_of_the_frame_type():
    rows = (*FRAME_ATTRIBUTES, *FRAMEPATH_ATTRIBUTES)
    read = parse_attributes(attributes_xml("13SIM1:", rows))
    assert read.status == 0
    assert not read.traps
    destination = read.get(DESTINATION_ATTRIBUTE)
    assert destination.source == "13SIM1:cam1:FrameType"
    assert destination.value_type is NDAttrType.STRING
    assert read.get(FRAME_CHECKSUM).value_type is NDAttrType.INT64
    assert len(read.definitions) == len(rows)
