"""NDAttributes evaluated for each frame."""

from __future__ import annotations

import math

import pytest

from framepath.detector.attributes import Attributes
from framepath.spec.frame import checksum
from framepath.spec.ndattribute import NDAttrSourceType, NDAttrType
from unit.detector.rigs import Table, camera_port, numbered

XML = """<Attributes>
<Attribute name="SaveDest" type="EPICS_PV" source="T:cam1:FrameType" dbrtype="DBR_STRING"
 description="where to"/>
<Attribute name="Missing" type="EPICS_PV" source="T:none" dbrtype="DBR_NATIVE"/>
<Attribute name="Counter" type="PARAM" source="ARRAY_COUNTER" datatype="INT"/>
<Attribute name="Exposure" type="PARAM" source="ACQ_TIME" datatype="DOUBLE"/>
<Attribute name="Model" type="PARAM" source="MODEL" datatype="STRING"/>
<Attribute name="Theta" type="PARAM" source="THETA" datatype="DOUBLE"/>
<Attribute name="FrameChecksum" type="PARAM" source="FRAME_CHECKSUM" datatype="INT64"/>
<Attribute name="Untyped" type="PARAM" source="ACQ_TIME"/>
<Attribute name="Unknown" type="PARAM" source="NO_SUCH" datatype="INT"/>
<Attribute name="Pi" type="FUNCTION" source="myAttrFunct1" param="PI"/>
<Attribute name="Ten" type="FUNCTION" source="myAttrFunct1" param="10"/>
<Attribute name="NoFunction" type="FUNCTION" source="none" param="10"/>
<Attribute name="Constant" type="CONST" source="My constant"/>
</Attributes>"""


@pytest.fixture
def loaded():
    port = camera_port()
    pvs = Table({"T:cam1:FrameType": (NDAttrType.STRING, "/entry/data/dark")})
    attributes = Attributes(port, pvs)
    port.put("NDAttributesFile", XML)
    return port, pvs, attributes


def test_each_source_gives_its_type_and_value(loaded):
    port, _, attributes = loaded
    port.publish("ArrayCounter", 43)
    frame = numbered(5)
    found = attributes.evaluate(frame, {"THETA": 12.5})
    assert {name: (a.type, a.value) for name, a in found.items()} == {
        "SaveDest": (NDAttrType.STRING, "/entry/data/dark"),
        "Missing": (NDAttrType.UNDEFINED, None),
        "Counter": (NDAttrType.INT32, 43),
        "Exposure": (NDAttrType.FLOAT64, 0.001),
        "Model": (NDAttrType.STRING, "Basic simulator"),
        "Theta": (NDAttrType.FLOAT64, 12.5),
        "FrameChecksum": (NDAttrType.INT64, checksum(frame.data)),
        "Untyped": (NDAttrType.UNDEFINED, None),
        "Unknown": (NDAttrType.UNDEFINED, None),
        "Pi": (NDAttrType.FLOAT64, math.pi),
        "Ten": (NDAttrType.INT32, 10),
        "NoFunction": (NDAttrType.UNDEFINED, None),
        "Constant": (NDAttrType.STRING, "My constant"),
    }
    destination = found["SaveDest"]
    assert destination.source_type is NDAttrSourceType.EPICS_PV
    assert (destination.source, destination.description) == ("T:cam1:FrameType", "where to")


def test_pvs_are_announced_when_the_file_is_read(loaded):
    _, pvs, _ = loaded
    assert pvs.connected == ["T:cam1:FrameType", "T:none"]


@pytest.mark.parametrize(
    ("source", "state"),
    [
        (XML, 0),
        ("/no/such/file.xml", 1),
        ("<Attributes><Attribute", 2),
        ('<Attributes><Attribute name="A" source="$(P)x"/></Attributes>', 3),
    ],
)
def test_the_status_says_how_reading_went(source, state):
    port = camera_port()
    Attributes(port, Table())
    if state == 3:
        port.put("NDAttributesMacros", "Q=1")
    port.put("NDAttributesFile", source)
    assert port["NDAttributesStatus"] == state


def test_an_empty_file_name_clears_and_leaves_the_status(loaded):
    port, _, attributes = loaded
    port.put("NDAttributesFile", "")
    assert attributes.evaluate(numbered(0), {}) == {}
    assert port["NDAttributesStatus"] == 0


def test_macros_reach_the_sources():
    port, pvs = camera_port(), Table()
    Attributes(port, pvs)
    port.put("NDAttributesMacros", "P=X:")
    port.put(
        "NDAttributesFile",
        '<Attributes><Attribute name="A" source="$(P)a" dbrtype="DBR_STRING"/></Attributes>',
    )
    assert pvs.connected == ["X:a"]
