"""The Eiger IOC as pyepics drives it: triggers, files, data sources, failures."""

from __future__ import annotations

from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401 (registers the filters that plain h5py needs)
import numpy as np
import pytest

from chain.detector.pvs import Pvs
from chain.iocs import running_ioc
from framepath.scenes import frame_index
from framepath.spec.addresses import CHECKSUMS_ADDRESS
from framepath.spec.frame import checksum


@pytest.fixture(scope="module")
def ioc():
    with running_ioc(kind="eiger") as running:
        yield running


@pytest.fixture
def cam(ioc, tmp_path):
    """The camera, set up to save files of four frames in a folder of the test."""
    pvs = Pvs(ioc)
    pvs.put_all(
        AcquireTime=0.002,
        AcquirePeriod=0.002,
        FrameType=0,
        TriggerMode="Internal Series",
        ManualTrigger=0,
        NumImages=1,
        NumTriggers=1,
        DataSource="None",
        FWEnable=1,
        StreamEnable=0,
        SaveFiles=1,
        FWAutoRemove=0,
        FWNImagesPerFile=4,
        FilePath=str(tmp_path),
        FWNamePattern="points_$id",
        PixelMaskApplied=1,
        ArrayCounter=0,
    )
    yield pvs
    pvs.put("Acquire", 0, wait=False)
    pvs.until("Acquire_RBV", 0)


def master_of(cam) -> Path:
    return Path(cam.text("FullFileName_RBV"))


def frames_of(master: Path) -> np.ndarray:
    """All frames, by the external links of a v1 master."""
    with h5py.File(master) as file:
        links = sorted(file["/entry/data"])
        return np.concatenate([file[f"/entry/data/{link}"][:] for link in links])


def assert_in_order(frames: np.ndarray) -> None:
    first = frame_index(frames[0])
    assert [frame_index(frame) for frame in frames] == list(range(first, first + len(frames)))


def test_one_series_of_ten_software_triggers(cam, tmp_path):
    cam.put_all(ManualTrigger=1, NumTriggers=10)
    finished = cam.start("Acquire")
    for n in range(10):
        cam.put("Trigger", 1)
        if n < 9:
            assert not finished()
    cam.until("Acquire_RBV", 0)
    assert cam["NumImagesCounter_RBV"] == 10
    assert cam["Armed"] == 0
    master = master_of(cam)
    assert master.parent == tmp_path
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [master.name] + [master.name.replace("master", f"data_{n:06d}") for n in (1, 2, 3)]
    )
    frames = frames_of(master)
    assert frames.shape == (10, 514, 1030)
    assert frames.dtype == np.uint16
    assert_in_order(frames)
    with h5py.File(master) as file:
        links = [file["/entry/data"].get(name, getlink=True) for name in file["/entry/data"]]
        assert all(isinstance(link, h5py.ExternalLink) for link in links)
        assert [Path(link.filename).name for link in links] == [link.filename for link in links]
        assert [len(file[f"/entry/data/data_{n:06d}"]) for n in (1, 2, 3)] == [4, 4, 2]
        assert list(file[CHECKSUMS_ADDRESS]) == [checksum(frame) for frame in frames]
        specific = file["/entry/instrument/detector/detectorSpecific"]
        assert (specific["nimages"][()], specific["ntrigger"][()]) == (1, 10)
        np.testing.assert_array_equal(specific["pixel_mask"][:] != 0, frames[3] == 65535)


def test_a_series_for_each_acquire(cam):
    cam.put("NumImages", 6)
    masters = []
    for _ in range(2):
        cam.put("Acquire", 1)
        masters.append(master_of(cam))
    assert masters[0] != masters[1]
    for master in masters:
        assert len(frames_of(master)) == 6
        assert_in_order(frames_of(master))
    assert frame_index(frames_of(masters[1])[0]) == frame_index(frames_of(masters[0])[0]) + 6


def test_images_of_each_trigger(cam):
    cam.put_all(ManualTrigger=1, NumTriggers=2, NumImages=3)
    cam.put("Acquire", 1, wait=False)
    cam.put("Trigger", 1)
    assert (cam["NumCaptured_RBV"], cam["NumImagesCounter_RBV"]) == (3, 3)
    cam.put("Trigger", 1)
    cam.until("Acquire_RBV", 0)
    assert len(frames_of(master_of(cam))) == 6


@pytest.mark.parametrize("mode", ["Internal Enable", "External Enable", "External Series"])
def test_other_modes_wait_for_a_trigger(cam, mode):
    cam.put_all(ManualTrigger=1, TriggerMode=mode, NumTriggers=2)
    finished = cam.start("Acquire")
    for _ in range(2):
        assert not finished()
        cam.put("Trigger", 0)
    cam.until("Acquire_RBV", 0)
    assert len(frames_of(master_of(cam))) == 2


def test_a_stopped_series_keeps_what_it_has(cam):
    cam.put_all(ManualTrigger=1, NumTriggers=10)
    finished = cam.start("Acquire")
    for _ in range(3):
        cam.put("Trigger", 1)
    cam.put("Acquire", 0, wait=False)
    cam.until("Acquire_RBV", 0)
    assert cam.text("DetectorState_RBV") == "Aborted"
    cam.until("Armed", 0)
    assert len(frames_of(master_of(cam))) == 3
    with h5py.File(master_of(cam)) as file:
        assert file["/entry/instrument/detector/detectorSpecific/ntrigger"][()] == 3
    assert finished()


def test_a_trigger_without_series_returns_and_says_so(cam):
    cam.put("Trigger", 1)
    assert "ignored" in cam.text("StatusMessage_RBV")


def test_trigger_returns_after_its_exposure(cam):
    cam.put_all(ManualTrigger=1, NumTriggers=2, AcquireTime=0.4, AcquirePeriod=0.4)
    cam.put("Acquire", 1, wait=False)
    triggered = cam.start("Trigger")
    assert cam.until("NumCaptured_RBV", 0) == 0
    assert not triggered()
    cam.until("DetectorState_RBV", lambda _: triggered())
    assert cam.until("NumCaptured_RBV", 1) == 1


def test_no_arrays_without_a_data_source(cam, ioc):
    cam.put_all(NumImages=5)
    cam.put("Acquire", 1)
    assert cam["ArrayCounter_RBV"] == 0
    assert cam["NumImagesCounter_RBV"] == 5


def test_arrays_come_when_a_data_file_closes(cam):
    cam.put_all(DataSource="FileWriter", ManualTrigger=1, NumTriggers=6)
    cam.put("Acquire", 1, wait=False)
    for n in range(1, 6):
        cam.put("Trigger", 1)
        assert cam.until("NumCaptured_RBV", n) == n
        assert cam.until("ArrayCounter_RBV", 4 if n >= 4 else 0) == (4 if n >= 4 else 0)
    cam.put("Trigger", 1)
    cam.until("Acquire_RBV", 0)
    assert cam["ArrayCounter_RBV"] == 6


def test_arrays_come_at_once_from_the_stream(cam, ioc):
    image = Pvs(ioc, "image1")
    image.put("EnableCallbacks", 1)
    cam.put_all(DataSource="Stream", StreamEnable=1, NumImages=3, FWEnable=0, WaitForPlugins=1)
    cam.put("Acquire", 1)
    assert cam["ArrayCounter_RBV"] == 3
    pixels = image["ArrayData"][: 514 * 1030].astype(np.uint16).reshape(514, 1030)
    assert frame_index(pixels) >= 2
    assert (pixels == 65535).any()
    cam.put("WaitForPlugins", 0)


@pytest.mark.parametrize(
    ("exposure_s", "period_s", "bits"),
    [(0.0001, 0.0002, 8), (0.005, 0.005, 16), (0.007, 0.007, 32)],
)
def test_bit_depth_follows_the_exposure(cam, exposure_s, period_s, bits):
    cam.put_all(AcquireTime=exposure_s, AcquirePeriod=period_s)
    assert cam["BitDepthImage_RBV"] == bits
    assert cam["CountCutoff_RBV"] < 2**bits - 1
    cam.put("Acquire", 1)
    frames = frames_of(master_of(cam))
    assert frames.dtype.itemsize * 8 == bits
    assert (frames == np.iinfo(frames.dtype).max).any()


def test_files_stay_on_the_detector_unless_saved(cam, tmp_path):
    cam.put_all(SaveFiles=0)
    cam.put("Acquire", 1)
    master = master_of(cam)
    assert master.parent != tmp_path
    assert master.is_file()
    assert not list(tmp_path.iterdir())
    cam.put("FWClear", 1)
    assert not master.exists()


def test_files_are_removed_when_asked(cam):
    cam.put_all(SaveFiles=0, FWAutoRemove=1, DataSource="FileWriter", NumImages=3)
    cam.put("Acquire", 1)
    assert cam["ArrayCounter_RBV"] == 3
    assert not master_of(cam).exists()


def test_a_missing_folder_ends_the_acquisition_with_its_name(cam, tmp_path):
    cam.put("FilePath", str(tmp_path / "nowhere"))
    assert cam["FilePathExists_RBV"] == 0
    cam.put("Acquire", 1)
    assert cam.text("DetectorState_RBV") == "Error"
    assert str(tmp_path / "nowhere") in cam.text("StatusMessage_RBV")
    cam.put("FilePath", str(tmp_path))
    cam.put("Acquire", 1)
    assert len(frames_of(master_of(cam))) == 1


def test_folders_are_made_when_asked(cam, tmp_path):
    cam.put_all(CreateDirectory=-2, FilePath=str(tmp_path / "a" / "b"))
    assert cam["FilePathExists_RBV"] == 1
    assert cam.text("FilePath_RBV") == f"{tmp_path}/a/b/"
    cam.put("CreateDirectory", 0)


def test_a_disabled_interface_is_refused(cam):
    cam.put_all(DataSource="Stream")
    cam.put("Acquire", 1)
    assert cam.text("DetectorState_RBV") == "Error"
    assert "StreamEnable" in cam.text("StatusMessage_RBV")


def test_energy_wavelength_and_threshold_belong_together(cam):
    cam.put("PhotonEnergy", 12398.42)
    assert cam["Wavelength_RBV"] == pytest.approx(1.0, abs=1e-5)
    assert cam["ThresholdEnergy_RBV"] == pytest.approx(6199.21)
    cam.put("Wavelength", 0.62)
    assert cam["PhotonEnergy_RBV"] == pytest.approx(19997.45, abs=0.1)


def test_initialize_completes(cam):
    cam.put("Initialize", 1)
    assert cam["Initialize"] == 0
    assert cam.text("State_RBV") == "idle"
