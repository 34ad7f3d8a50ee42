"""Records that act together: an EPICS shutter and its links, rates and times, long addresses."""

from __future__ import annotations

import h5py
import pytest

from chain.detector.hdf1_files import CAPTURE, Rig, X, Y
from chain.detector.pvs import Pvs
from chain.iocs import running_ioc

LONG = "/entry/instrument/detector_with_a_name/collection_of_dark_frames/before_the_scan"
MBBO_CHARACTERS = 25
LAYOUT = """<?xml version="1.0"?>
<hdf5_layout>
  <global name="detector_data_destination" ndattribute="SaveDest"/>
  <group name="entry"><group name="instrument"><group name="detector_with_a_name">
    <dataset name="images" source="detector" det_default="true"/>
    <group name="collection_of_dark_frames">
      <dataset name="before_the_scan" source="detector"/>
    </group>
  </group></group></group>
</hdf5_layout>"""


@pytest.fixture(scope="module")
def ioc():
    with running_ioc("--size", f"{Y}x{X}") as running:
        yield running


@pytest.fixture
def rig(ioc, tmp_path):
    made = Rig(ioc)
    made.prepare(tmp_path)
    return made


@pytest.mark.parametrize("mode", ["compat", "strict"])
def test_a_long_address_routes_frames(rig, tmp_path, mode):
    assert len(LONG) > 2 * MBBO_CHARACTERS
    attributes = tmp_path / "attributes.xml"
    attributes.write_text(
        f'<Attributes><Attribute name="SaveDest" type="EPICS_PV" dbrtype="DBR_STRING"'
        f' source="{rig.prefix}cam1:FrameRouting"/></Attributes>'
    )
    rig.cam.put_all(NDAttributesFile=str(attributes), FrameRouting=LONG)
    assert rig.cam.text("FrameRouting_RBV") == LONG
    rig.hdf.put_all(FramepathMode=mode, XMLFileName=LAYOUT, FileWriteMode=CAPTURE, NumCapture=3)
    rig.take(1)
    rig.hdf.start("Capture")
    rig.hdf.until("Capture_RBV", 1)
    rig.take(2)
    rig.cam.put("FrameRouting", LONG.replace("collection_of_dark_frames/before_the_scan", "images"))
    rig.take(1)
    rig.hdf.until("Capture_RBV", 0)
    rig.hdf.put("WriteFile", 1)
    assert rig.hdf.text("WriteStatus") == "Write OK", rig.hdf.text("WriteMessage")
    with h5py.File(rig.hdf.text("FullFileName_RBV")) as file:
        assert file[LONG].shape[0] == 2
        assert file["/entry/instrument/detector_with_a_name/images"].shape[0] == 1
    rig.hdf.put_all(XMLFileName="", FramepathMode="compat")


def test_an_epics_shutter_is_driven_through_its_links(ioc, rig):
    cam = rig.cam
    for record, value in (("ShutterOpenEPICS", 5), ("ShutterCloseEPICS", 7)):
        cam.put(f"{record}.OUT", f"{ioc.prefix}cam1:Gain PP")
        cam.put(f"{record}.OCAL", str(value))
    cam.put("ShutterMode", "EPICS PV")
    for state, gain in (("Open", 5), ("Close", 7)):
        cam.put("ShutterControl", state)
        cam.until("Gain_RBV", gain)
    cam.put_all(ShutterOpenDelay=0.05, ShutterCloseDelay=0.05, Gain=1.0)
    cam.put("Acquire", 1)
    assert cam.until("Gain_RBV", 7) == 7
    cam.put_all(ShutterMode="None", ShutterOpenDelay=0, ShutterCloseDelay=0, Gain=1.0)


def test_the_detectors_own_shutter_is_shown(rig):
    rig.cam.put("ShutterMode", "Detector output")
    for state in (1, 0):
        rig.cam.put("ShutterControl", state)
        assert rig.cam["ShutterStatus_RBV"] == state
    rig.cam.put("ShutterMode", "None")


def test_a_rate_sets_the_least_time_between_frames(ioc):
    image = Pvs(ioc, "image1")
    image.put("MaxArrayRate", 20.0)
    assert image.until("MinCallbackTime_RBV", 0.05) == 0.05
    assert image.until("MaxArrayRate_RBV", 20.0) == 20.0
    image.put("MaxArrayRate", 0.0)
    assert image.until("MinCallbackTime_RBV", 0.0) == 0.0
