"""The replay IOC: recordings go through EPICS and HDF1 and come back bit for bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401 (registers the filters that plain h5py needs)
import numpy as np
import pytest

from chain.detector.pvs import Pvs
from chain.iocs import RunningIoc, running_ioc
from framepath.scenes import Diffraction, frame_index
from framepath.spec.addresses import ENTRY_DESTINATIONS
from framepath.spec.frame import Frame, checksum
from framepath.spec.frame_type import FrameType
from framepath.writing.eiger import EigerFileWriter

LAYOUT = """<?xml version="1.0"?>
<hdf5_layout>
  <global name="detector_data_destination" ndattribute="SaveDest"/>
  <group name="entry">
    <group name="data">
      <dataset name="data" source="detector" det_default="true"/>
      <dataset name="dark" source="detector"/>
      <dataset name="flat" source="detector"/>
    </group>
    <group name="attributes" ndattr_default="true"/>
  </group>
</hdf5_layout>
"""

ATTRIBUTES = """<?xml version="1.0"?>
<Attributes>
  <Attribute name="SaveDest" type="EPICS_PV" source="{prefix}cam1:FrameType" dbrtype="DBR_STRING"/>
  <Attribute name="Theta" type="PARAM" source="THETA" datatype="DOUBLE"/>
  <Attribute name="Played" type="PARAM" source="REPLAY_INDEX" datatype="INT"/>
  <Attribute name="FrameChecksum" type="PARAM" source="FRAME_CHECKSUM" datatype="DOUBLE"/>
</Attributes>
"""


def prepare_file(ioc: RunningIoc, folder: Path, n_frames: int, compression: str = "None") -> Pvs:
    """HDF1 ready to route ``n_frames`` into one file; the camera is made to wait for it."""
    (folder / "layout.xml").write_text(LAYOUT)
    (folder / "attributes.xml").write_text(ATTRIBUTES.format(prefix=ioc.prefix))
    cam, hdf = Pvs(ioc), Pvs(ioc, "HDF1")
    cam.put("NDAttributesFile", str(folder / "attributes.xml"))
    assert cam.text("NDAttributesStatus") == "Attributes file OK"
    for pv in ("FrameType", "FrameType_RBV"):
        for field, frame_type in zip(("ZRST", "ONST", "TWST"), ENTRY_DESTINATIONS, strict=True):
            cam.put(f"{pv}.{field}", ENTRY_DESTINATIONS[frame_type])
    cam.put_all(WaitForPlugins=1)
    hdf.put_all(
        EnableCallbacks=1,
        BlockingCallbacks=1,
        XMLFileName=str(folder / "layout.xml"),
        FilePath=str(folder),
        FileName="replayed",
        FileTemplate="%s%s.h5",
        FileWriteMode="Stream",
        LazyOpen=1,
        Compression=compression,
        NumCapture=n_frames,
    )
    hdf.put("Capture", 1, wait=False)
    hdf.until("Capture_RBV", 1)
    return cam


def stored(folder: Path) -> h5py.File:
    return h5py.File(folder / "replayed.h5")


def test_recorded_scan_is_routed_and_comes_back(recorded_scan, tmp_path):
    with h5py.File(recorded_scan) as file:
        frames = file["/entry/imaging/data"][:]
        keys = file["/entry/instrument/imaging/image_key"][:]
        theta = file["/entry/imaging/gts_theta_value"][:]
    with running_ioc("--source", str(recorded_scan), kind="replay") as ioc:
        cam = prepare_file(ioc, tmp_path, len(frames))
        assert cam["NumImages_RBV"] == len(frames) == 3201
        cam.put_all(AcquireTime=0.0, AcquirePeriod=0.0)
        cam.put("Acquire", 1)
        Pvs(ioc, "HDF1").until("Capture_RBV", 0)
        assert cam["ReplayIndex_RBV"] == 3200
        assert cam["Theta_RBV"] == theta[-1]
    with stored(tmp_path) as file:
        for frame_type, address in ENTRY_DESTINATIONS.items():
            wanted = frames[keys == frame_type.image_key]
            assert len(wanted) >= 100
            np.testing.assert_array_equal(file[address][:], wanted)
        np.testing.assert_array_equal(file["/entry/attributes/Theta"][:], theta)
        np.testing.assert_array_equal(file["/entry/attributes/Played"][:], np.arange(3201))
        sums = file["/entry/attributes/FrameChecksum"][:]
        np.testing.assert_array_equal(sums, [checksum(frame) for frame in frames])


def test_frame_types_are_played_as_a_plan_asks(recorded_scan, tmp_path):
    with h5py.File(recorded_scan) as file:
        frames = file["/entry/imaging/data"][:]
        keys = file["/entry/instrument/imaging/image_key"][:]
    arguments = ("--source", str(recorded_scan), "--by-frame-type", "--rate", "2000")
    wanted = {FrameType.FLAT: 100, FrameType.DARK: 100, FrameType.IMAGE: 300}
    with running_ioc(*arguments, kind="replay") as ioc:
        cam = prepare_file(ioc, tmp_path, sum(wanted.values()))
        for frame_type, n_frames in wanted.items():
            cam.put_all(FrameType=int(frame_type), NumImages=n_frames)
            cam.put("Acquire", 1)
        Pvs(ioc, "HDF1").until("Capture_RBV", 0)
    with stored(tmp_path) as file:
        for frame_type, n_frames in wanted.items():
            of_type = frames[keys == frame_type.image_key][:n_frames]
            np.testing.assert_array_equal(file[ENTRY_DESTINATIONS[frame_type]][:], of_type)


@pytest.fixture
def eiger_series(tmp_path):
    """500 frames of 514 x 1030 in three data files behind a master."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    scene = Diffraction()
    with EigerFileWriter(
        folder, shape_yx=scene.shape_yx, dtype="u2", images_per_file=200
    ) as writer:
        for index in range(500):
            writer.write(Frame(scene.frame(index, FrameType.IMAGE, 0.002), index))
    return writer.master_path


def test_a_series_of_large_frames_comes_back(eiger_series, tmp_path):
    with running_ioc("--source", str(eiger_series), kind="replay") as ioc:
        cam = prepare_file(ioc, tmp_path, 500, compression="BSLZ4")
        cam.put_all(AcquireTime=0.0, AcquirePeriod=0.0)
        cam.put("Acquire", 1)
        Pvs(ioc, "HDF1").until("Capture_RBV", 0)
    scene = Diffraction()
    with stored(tmp_path) as file:
        images = file["/entry/data/data"]
        assert images.shape == (500, 514, 1030)
        for index in range(500):
            frame = images[index]
            assert frame_index(frame) == index
            np.testing.assert_array_equal(frame, scene.frame(index, FrameType.IMAGE, 0.002))


def test_the_end_of_a_recording(recorded_scan):
    with running_ioc("--source", str(recorded_scan), kind="replay") as ioc:
        cam = Pvs(ioc)
        cam.put_all(AcquireTime=0.0, AcquirePeriod=0.0)
        cam.put("Acquire", 1)
        cam.put("Acquire", 1)
        assert cam.text("DetectorState_RBV") == "Error"
        assert "ReplayRewind" in cam.text("StatusMessage_RBV")
        cam.put_all(ReplayRewind=1, NumImages=5)
        cam.put("Acquire", 1)
        assert cam.until("ReplayIndex_RBV", 4) == 4
        assert cam.text("DetectorState_RBV") == "Idle"


def test_a_source_that_is_not_there_ends_the_ioc_with_one_line(tmp_path):
    absent = tmp_path / "absent.h5"
    command = [sys.executable, "-m", "framepath", "ioc", "replay", "--source", str(absent)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith("framepath: cannot open the recording")
    assert str(absent) in line
