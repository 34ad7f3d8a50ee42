"""Detectors from one line: names users know, nothing connected, mistakes told."""

from __future__ import annotations

import pytest
from ophyd import Component, EpicsSignal
from ophyd.areadetector.cam import EigerDetectorCam, SimDetectorCam
from ophyd.areadetector.plugins import HDF5Plugin_V34

from framepath.acquire import area_detector
from framepath.acquire.devices.creators import KINDS
from framepath.acquire.devices.parts import EIGER_CAMERA, HDF5_PLUGIN, SIM_CAMERA
from framepath.acquire.pvs.staged_settings import signal_of
from framepath.errors import SettingsError


@pytest.mark.parametrize(
    ("table", "stock"),
    [(SIM_CAMERA, SimDetectorCam), (EIGER_CAMERA, EigerDetectorCam), (HDF5_PLUGIN, HDF5Plugin_V34)],
)
def test_names_are_those_of_ophyd(table, stock):
    made = table.device_class("x")
    for name in ("acquire", "num_images", "frame_type", "file_path", "capture", "xml_file_name"):
        if hasattr(stock, name):
            assert getattr(made, name).suffix == getattr(stock, name).suffix
    kept = set(made.component_names) & set(stock.component_names)
    assert len(kept) > 0.9 * len(stock.component_names)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_making_one_connects_nothing(kind):
    det = area_detector("NOSUCH:", name="det", kind=kind, files="/data", labels=["area_detectors"])
    assert det.cam.prefix == "NOSUCH:cam1:"
    assert det.connected  # no PV was asked for yet
    missing = [d for d in det.needed if signal_of(det, d) is None]
    assert not missing


def test_components_may_be_left_out():
    det = area_detector("X:", name="det", files="/data", without={"cam": ["temperature"]})
    assert "temperature" not in det.cam.component_names
    assert "acquire" in det.cam.component_names


@pytest.mark.parametrize(
    "without", [["temperature"], ["cam.temperature"], {"cam": ["temperature"]}]
)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_components_are_left_out_however_they_are_named(kind, without):
    det = area_detector("X:", name="det", kind=kind, files="/data", without=without)
    assert "temperature" not in det.cam.component_names
    assert "temperature_actual" in det.cam.component_names


def test_plugins_are_added_by_name():
    plugins = ["pva", "image", "roi1", "stats1", "stats5"]  # image is there in any case
    det = area_detector("X:", name="det", files="/data", plugins=plugins)
    assert det.stats1.prefix == "X:Stats1:"
    assert "mean_value" in det.stats1.component_names
    assert {"cam", "hdf1", *plugins} == set(det.component_names)


class EigerCamOfABeamline(EigerDetectorCam):
    """A variant as beamlines write it: what their IOC lacks is removed."""

    file_number_sync = None
    pool_max_buffers = None
    own_record = Component(EpicsSignal, "OwnRecord")


def test_an_entry_of_ad_creator_serves_with_the_kind_added():
    det = area_detector(
        "dp_eiger_sn:",
        name="eiger2",
        kind="generic",
        labels=["area_detector", "detectors"],
        plugins=[
            {"cam": {"class": EigerCamOfABeamline}},
            "image",
            "pva",
            {
                "hdf1": {
                    "class": "ophyd.areadetector.plugins.HDF5Plugin_V34",
                    "write_path_template": "/mnt/dcu/XRD/%Y/",
                    "read_path_template": "/data/XRD/%Y/",
                }
            },
            "roi1",
            "stats1",
        ],
    )
    assert (det.folder.map.ioc, det.folder.map.here) == ("/mnt/dcu/XRD", "/data/XRD")
    assert "own_record" in det.cam.component_names
    assert "armed" in det.cam.component_names  # of ophyd's EigerDetectorCam
    assert "frame_type_state_0" in det.cam.component_names  # ours
    assert not {"file_number_sync", "pool_max_buffers"} & set(det.cam.component_names)
    assert det.hdf1.prefix == "dp_eiger_sn:HDF1:"


def test_a_class_may_be_named_by_its_import_path():
    entry = {"cam": {"class": "ophyd.areadetector.EigerDetectorCam", "suffix": "cam2:"}}
    det = area_detector("E:", name="eiger2", kind="eiger", files="/data", plugins=[entry])
    assert det.cam.prefix == "E:cam2:"
    assert "armed" in det.cam.component_names


def test_relative_templates_go_below_their_root():
    hdf1 = {"write_path_template": "XRD/%Y", "root": "/data"}
    det = area_detector("X:", name="det", plugins=[{"hdf1": hdf1}])
    assert det.folder.map.ioc == "/data/XRD"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"kind": "pilatus"}, "eiger, generic, sim"),
        ({"without": {"cam": ["nothing_such"]}}, "nothing_such"),
        ({"without": ["nothing_such"]}, "nothing_such"),
        ({"without": ["tiff1.x"]}, "tiff1"),
        ({"without": {"tiff1": ["x"]}}, "tiff1"),
        ({"without": ["hdf1.capture"]}, r"staging needs.*hdf1\.capture"),
        ({"plugins": [{"hdf1": {"write_path_template": "/a"}}]}, "either files or the templates"),
        ({"plugins": [{"hdf1": {"write_path": "/a"}}]}, "unknown field of plugin hdf1"),
        ({"plugins": [{"tiff1": {"write_path_template": "/a"}}]}, "tiff1 cannot store"),
        ({"plugins": [{"cam": {"class": "ophyd.NoSuchCam"}}]}, "NoSuchCam"),
        ({"plugins": [{"cam": {"class": "collections.OrderedDict"}}]}, "no ophyd device"),
        ({"plugins": [{"cam": {}, "hdf1": {}}]}, "not an entry"),
        ({"files": None}, "not given"),
        (
            {
                "files": None,
                "kind": "eiger",
                "plugins": [{"hdf1": {"write_path_template": "/a"}}],
            },
            "of kind generic",
        ),
        ({"plugins": ["stats9"]}, "stats1"),
        ({"on_loss": "ignore"}, "fail or warn"),
        ({"files": "relative"}, "absolute"),
    ],
)
def test_mistakes_are_told(arguments, told):
    with pytest.raises(SettingsError, match=told):
        area_detector("X:", name="det", **{"files": "/data", **arguments})
