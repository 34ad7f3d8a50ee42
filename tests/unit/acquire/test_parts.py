"""Detectors from one line: names users know, nothing connected, mistakes told."""

from __future__ import annotations

import pytest
from ophyd.areadetector.cam import EigerDetectorCam, SimDetectorCam
from ophyd.areadetector.plugins import HDF5Plugin_V34

from framepath.acquire import area_detector
from framepath.acquire.creators import KINDS
from framepath.acquire.parts import EIGER_CAMERA, HDF5_PLUGIN, SIM_CAMERA
from framepath.acquire.staged_settings import signal_of
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


def test_plugins_are_added_by_name():
    det = area_detector("X:", name="det", files="/data", plugins=["pva", "stats1"])
    assert det.stats1.prefix == "X:Stats1:"
    assert "mean_value" in det.stats1.component_names
    assert "pva" in det.component_names


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"kind": "pilatus"}, "eiger, generic, sim"),
        ({"without": {"cam": ["nothing_such"]}}, "nothing_such"),
        ({"without": {"tiff1": ["x"]}}, "tiff1"),
        ({"plugins": ["stats9"]}, "stats1"),
        ({"on_loss": "ignore"}, "fail or warn"),
        ({"files": "relative"}, "absolute"),
    ],
)
def test_mistakes_are_told(arguments, told):
    with pytest.raises(SettingsError, match=told):
        area_detector("X:", name="det", **{"files": "/data", **arguments})
