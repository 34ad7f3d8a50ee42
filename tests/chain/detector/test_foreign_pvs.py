"""EPICS_PV attributes whose PV is in another IOC."""

from __future__ import annotations

import h5py
import pytest

from chain.iocs import running_ioc
from chain.waiting import wait_for

ATTRIBUTES = """<Attributes>
<Attribute name="Exposure" source="{P}cam1:AcquireTime" dbrtype="DBR_NATIVE"/>
<Attribute name="Mode" source="{P}cam1:ImageMode" dbrtype="DBR_NATIVE"/>
<Attribute name="ModeText" source="{P}cam1:ImageMode" dbrtype="DBR_STRING"/>
<Attribute name="Name" source="{P}HDF1:FileName" dbrtype="DBR_STRING"/>
<Attribute name="Rows" source="{P}cam1:SizeY" dbrtype="DBR_DOUBLE"/>
<Attribute name="Dead" source="{P}no:such:pv" dbrtype="DBR_NATIVE"/>
</Attributes>"""
GROUP = "/entry/instrument/NDAttributes"


@pytest.fixture
def other(client):
    with running_ioc("--size", "10x12") as ioc:
        yield type(client)(ioc)


def attributes_of_next_frame(client):
    """The attributes of one frame as stored, by name; dtype and value."""
    client.put_all("HDF1", FileWriteMode=0)
    client.put("cam1:Acquire", 1)
    client.put("HDF1:WriteFile", 1)
    assert client.text("HDF1:WriteStatus") == "Write OK", client.text("HDF1:WriteMessage")
    with h5py.File(client.text("HDF1:FullFileName_RBV")) as file:
        return {name: (item.dtype.kind, item[0]) for name, item in file[GROUP].items()}


def test_values_of_another_ioc_travel_with_the_frame(client, other, tmp_path):
    other.put_all("cam1", AcquireTime=0.125, ImageMode="Multiple")
    other.put("HDF1:FileName", "n" * 60)
    xml = tmp_path / "attributes.xml"
    xml.write_text(ATTRIBUTES.replace("{P}", other.prefix))
    client.put("cam1:NDAttributesFile", str(xml))
    assert client.text("cam1:NDAttributesStatus") == "Attributes file OK"
    client.put_all("cam1", ImageMode=0, AcquireTime=0.001, WaitForPlugins=1)
    client.put_all("HDF1", EnableCallbacks=1, FilePath=str(tmp_path), FileName="f")
    client.put("HDF1:FileTemplate", "%s%s.h5")
    expected = {
        "Exposure": ("f", 0.125),
        "Mode": ("i", 1),
        "ModeText": ("S", b"Multiple"),
        "Name": ("S", b"n" * 60),
        "Rows": ("f", 10.0),
    }

    def arrived():
        found = attributes_of_next_frame(client)
        return all(found[name] == value for name, value in expected.items())

    wait_for(arrived, "all values of the other IOC")
    kind, value = attributes_of_next_frame(client)["Dead"]
    assert kind == "f"
    assert value != value  # NaN
    other.put("cam1:AcquireTime", 0.5)
    wait_for(
        lambda: attributes_of_next_frame(client)["Exposure"] == ("f", 0.5), "the change is seen"
    )
    other.ioc.child.stop()
    assert attributes_of_next_frame(client)["Exposure"] == ("f", 0.5)
