"""The routed series as the C++ plugin's own files were made: golden recipes a, b and c."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from chain.waiting import wait_for

SERIES = ((0, 4), (1, 3), (2, 2))
ENTRY = ("/entry/data/data", "/entry/data/dark", "/entry/data/flat")
EXCHANGE = ("/exchange/data", "/exchange/data_dark", "/exchange/data_white")
CAPTURE, STREAM = 1, 2


@pytest.fixture
def ready(client, tmp_path):
    """Small frames, one through the plugin, and a name for the file."""
    client.put_all(
        "cam1", ImageMode=0, AcquireTime=0.01, AcquirePeriod=0.01, WaitForPlugins=1, FrameType=0
    )
    client.put_all("cam1", SizeX=32, SizeY=24, DataType="UInt16")
    client.put_all("HDF1", EnableCallbacks=1, XMLFileName="", FilePath=str(tmp_path), FileName="f")
    client.put_all("HDF1", FileTemplate="%s%s.h5", FramepathMode="compat", SWMRMode=0, LazyOpen=0)
    client.put("cam1:Acquire", 1)
    return client


def route(client, golden, layout, strings):
    for record in ("FrameType", "FrameType_RBV"):
        for field, text in zip(("ZRST", "ONST", "TWST"), strings, strict=True):
            client.put(f"cam1:{record}.{field}", text)
    xml = (golden / "attributes.xml").read_text().replace("13SIM1:", client.prefix)
    attributes = golden_copy(client, xml)
    client.put("cam1:NDAttributesFile", str(attributes))
    assert client.text("cam1:NDAttributesStatus") == "Attributes file OK"
    client.put("HDF1:XMLFileName", str(golden / layout))
    assert client.text("HDF1:XMLValid_RBV") == "Yes"


def golden_copy(client, xml):
    path = Path(client.text("HDF1:FilePath_RBV")) / "attributes.xml"
    path.write_text(xml)
    return path


def take_series(client):
    for frame_type, number in SERIES:
        client.put("cam1:FrameType", frame_type)
        for _ in range(number):
            client.put("cam1:Acquire", 1)


def finished_file(client):
    wait_for(lambda: client.get("HDF1:Capture_RBV") == 0, "the capture ends")
    if client.get("HDF1:FileWriteMode_RBV") == CAPTURE:
        assert client.get("HDF1:NumCaptured_RBV") == 9
        client.put("HDF1:WriteFile", 1)
    assert client.text("HDF1:WriteStatus") == "Write OK", client.text("HDF1:WriteMessage")
    return client.text("HDF1:FullFileName_RBV")


def structure(golden, path, prefix):
    tool = golden.parent / "tools" / "h5tree.py"
    shown = subprocess.run(
        [sys.executable, tool, path], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    # The length of a stored PV name differs with the prefix; the golden files' is 13SIM1:.
    return shown.replace(prefix, "13SIM1:")


@pytest.mark.parametrize(
    ("layout", "strings", "name"),
    [
        ("layout.xml", ENTRY, "b_routed_capture.h5"),
        ("layout_dx.xml", EXCHANGE, "c_exchange_capture.h5"),
    ],
)
def test_a_captured_series_has_the_structure_of_the_real_plugins(
    ready, golden, layout, strings, name
):
    route(ready, golden, layout, strings)
    ready.put("cam1:Acquire", 1)
    ready.put_all("HDF1", FileWriteMode=CAPTURE, NumCapture=9)
    ready.put("HDF1:Capture", 1, wait=False)
    take_series(ready)
    path = finished_file(ready)
    assert len(ready.prefix) == len("13SIM1:")
    ours = structure(golden, path, ready.prefix)
    assert ours == structure(golden, golden / name, ready.prefix)
    check_frames(path, strings)


def check_frames(path, strings):
    """Pixel [0, 0] counts up by one a frame, over all frame types in the order taken."""
    with h5py.File(path) as file:
        firsts = [int(frame[0, 0]) for address in strings for frame in file[address]]
    assert firsts == list(range(firsts[0], firsts[0] + 9))


LAYOUT = """<?xml version="1.0"?>
<hdf5_layout>
  <global name="detector_data_destination" ndattribute="SaveDest"/>
  <group name="entry"><group name="data">
    <dataset name="data" source="detector" det_default="true"/>
    <dataset name="dark" source="detector"/>
    <dataset name="flat" source="detector"/>
  </group>
  <group name="attributes" ndattr_default="true"/></group>
</hdf5_layout>"""


def test_strict_mode_says_why_it_refuses_a_layout(ready, golden):
    route(ready, golden, "layout.xml", ENTRY)
    ready.put("HDF1:FramepathMode", "strict")
    assert ready.text("HDF1:XMLValid_RBV") == "No"
    assert "layout-ndattribute-twice" in ready.text("HDF1:XMLErrorMsg_RBV")
    assert ready.text("HDF1:FramepathMode.SEVR") == "INVALID"


def test_a_streamed_series_is_routed_in_strict_mode_with_swmr(ready, golden):
    route(ready, golden, "layout.xml", ENTRY)
    ready.put_all("HDF1", XMLFileName=LAYOUT, FramepathMode="strict", SWMRMode=1, LazyOpen=1)
    assert ready.text("HDF1:XMLValid_RBV") == "Yes"
    ready.put_all("HDF1", FileWriteMode=STREAM, NumCapture=9)
    ready.put("HDF1:Capture", 1, wait=False)
    take_series(ready)
    path = finished_file(ready)
    check_frames(path, ENTRY)


def test_the_default_layout_is_the_real_plugins(ready, golden):
    ready.put("cam1:NDAttributesFile", "")
    ready.put("cam1:DataType", "UInt8")
    ready.put("cam1:Acquire", 1)
    ready.put_all("HDF1", FileWriteMode=STREAM, NumCapture=5)
    ready.put("HDF1:Capture", 1, wait=False)
    wait_for(lambda: ready.get("HDF1:Capture_RBV") == 1, "capturing")
    ready.put_all("cam1", ImageMode=1, NumImages=5)
    ready.put("cam1:Acquire", 1)
    path = finished_file(ready)
    ours = structure(golden, path, ready.prefix)
    assert ours == structure(golden, golden / "a_default_stream5.h5", ready.prefix)
