import threading

import h5py
import numpy as np
import pytest

from framepath.detector.drivers.eiger import Eiger, images_a_trigger, waits_for_trigger
from framepath.detector.drivers.eiger_readout import (
    EIGER_MODELS,
    bit_depth,
    count_cutoff,
    model_named,
)
from framepath.errors import SettingsError, StagingError, WriteFailed
from framepath.files.open_frames import open_frames
from framepath.scenes import Diffraction, frame_index
from framepath.spec.frame_type import FrameType
from unit.detector.drivers.cameras import TableCamera


@pytest.fixture
def camera(tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    camera = TableCamera(Eiger(model_named("eiger2-500k"), spool))
    camera.put(SaveFiles=1, FilePath=str(tmp_path), DataSource=0, FWNImagesPerFile=4)
    camera.put(AcquireTime=0.001, AcquirePeriod=0.001)
    return camera


@pytest.mark.parametrize("name", EIGER_MODELS)
def test_every_model_has_the_size_and_records_of_its_kind(name, tmp_path):
    model = model_named(name)
    camera = TableCamera(Eiger(model, tmp_path))
    assert camera.driver.info.size_yx == model.size_yx
    assert ("HVState" in camera.driver.info.initial) is (model.generation == 2)
    assert str(model.generation) in str(camera["Description"])


def test_an_unknown_model_is_refused():
    with pytest.raises(SettingsError, match=r"pilatus.*eiger1-500k"):
        model_named("pilatus")


@pytest.mark.parametrize(
    ("exposure_s", "period_s", "auto_summation", "bits"),
    [
        (1e-4, 4e-4, True, 8),
        (1e-4, 5e-4, True, 16),
        (6.6e-3, 6.6e-3, True, 16),
        (6.7e-3, 6.7e-3, True, 32),
        (1.0, 1.0, False, 16),
    ],
)
def test_bit_depth(exposure_s, period_s, auto_summation, bits):
    assert bit_depth(exposure_s, period_s, auto_summation) == bits


@pytest.mark.parametrize(
    ("bits", "exposure_s", "corrected", "cutoff"),
    [
        (8, 1.0, True, 254),
        (16, 0.001, True, 3000),
        (16, 0.001, False, 65534),
        (32, 1.0, True, 3_000_000),
        (32, 1e9, True, 2**32 - 2),
    ],
)
def test_count_cutoff_never_reaches_the_sentinel(bits, exposure_s, corrected, cutoff):
    assert count_cutoff(bits, exposure_s, corrected) == cutoff


def test_puts_change_depth_cutoff_and_type(camera):
    camera.put(AcquireTime=0.01, AcquirePeriod=0.01)
    assert (camera["BitDepthImage"], camera["CountCutoff"], camera["DataType"]) == (32, 30000, 5)
    camera.put(CountrateCorrApplied=0)
    assert camera["CountCutoff"] == 2**32 - 2


@pytest.mark.parametrize(
    ("mode", "manual", "n_images", "waits"),
    [(0, 0, 5, False), (0, 1, 5, True), (1, 1, 1, True), (2, 0, 5, True), (3, 0, 1, True)],
)
def test_trigger_modes(camera, mode, manual, n_images, waits):
    camera.put(TriggerMode=mode, ManualTrigger=manual, NumImages=5, NumTriggers=3)
    settings = camera.settings()
    assert images_a_trigger(settings) == n_images
    assert waits_for_trigger(settings) is waits
    assert camera.driver.n_frames(settings) == 3 * n_images


@pytest.mark.parametrize(
    ("format", "address"), [(0, "/entry/data/data_000001"), (1, "/entry/data/data")]
)
def test_series_is_stored_in_the_format_asked_for(camera, format, address):
    camera.put(FWHDF5Format=format, NumImages=10)
    exposures = camera.acquire(10)
    with h5py.File(str(camera["FullFileName"])) as file:
        assert address in file
        detector = file["/entry/instrument/detector"]
        assert detector["bit_depth_image"][()] == 16
        assert detector["count_time"][()] == 0.001
        assert detector["detector_distance" if format == 0 else "distance"][()] == 0.1
    with open_frames(str(camera["FullFileName"])) as frames:
        assert frames.shape == (10, 512, 1028)
        for stored, exposure in zip(frames, exposures, strict=True):
            np.testing.assert_array_equal(stored, exposure.pixels)
        assert [frame_index(frame) for frame in frames] == list(range(10))


@pytest.mark.parametrize(
    ("algorithm", "enabled", "filter_id"),
    [(0, 1, 32004), (1, 1, 32008), (2, 1, None), (1, 0, None)],
)
def test_compression(camera, algorithm, enabled, filter_id):
    camera.put(CompressionAlgo=algorithm, FWCompression=enabled)
    camera.acquire(1)
    data_file = str(camera["FullFileName"]).replace("master", "data_000001")
    with h5py.File(data_file) as file:
        filters = file["/entry/data/data"].id.get_create_plist()
        found = [filters.get_filter(n)[0] for n in range(filters.get_nfilters())]
    assert found == ([] if filter_id is None else [filter_id])


def test_geometry_of_the_pvs_is_in_picture_and_master(camera):
    before = camera.acquire(1)[0].pixels
    camera.put(DetDist=0.2, BeamX=100.0, BeamY=50.0, OmegaStart=5.0, OmegaIncr=0.5)
    after = camera.acquire(1)[0].pixels
    assert (before[1:] != after[1:]).mean() > 0.05
    shadow, beside = after[40:60, 90:110], after[90:110, 90:110]
    assert shadow.sum() < 0.5 * beside.sum()  # of the beam stop
    with h5py.File(str(camera["FullFileName"])) as file:
        assert file["/entry/instrument/detector/beam_center_x"][()] == 100
        assert file["/entry/sample/goniometer/omega_increment"][()] == 0.5


@pytest.mark.parametrize(("name", "value"), [
    ("PhotonEnergy", 0.0), ("PhotonEnergy", -1.0), ("Wavelength", 0.0), ("FilePerms", 888.0),
    ("FilePerms", -1.0), ("FilePerms", 644.5), ("FilePerms", 77777.0),
])  # fmt: skip
def test_settings_that_cannot_be_are_refused_when_put(camera, name, value):
    names = ("PhotonEnergy", "Wavelength", "ThresholdEnergy", "FilePerms")
    before = [camera[n] for n in names]
    with pytest.raises(SettingsError, match=name):
        camera.put(**{name: value})
    assert [camera[n] for n in names] == before


def test_a_series_without_files_says_nothing_of_those_of_the_last(camera):
    camera.acquire(1)
    assert camera["FullFileName"]
    camera.put(FWNamePattern="a/b")
    with pytest.raises(SettingsError):
        camera.acquire(1)
    assert camera["Error"] == "a name pattern makes one file name"
    assert (camera["WriteStatus"], camera["FullFileName"], camera["NumCaptured"]) == (1, "", 0)
    camera.put(FWNamePattern="again")
    camera.acquire(1)
    assert (camera["Error"], camera["WriteStatus"], camera["WriteMessage"]) == ("", 0, "")
    assert str(camera["FullFileName"]).endswith("again_master.h5")


def test_a_geometry_without_meaning_is_refused(camera):
    camera.put(DetDist=0.0)
    with pytest.raises(StagingError, match="DetDist"):
        camera.acquire(1)


def test_frame_type_and_mask(camera):
    camera.put(FrameType=int(FrameType.DARK))
    dark = camera.acquire(1)[0].pixels
    masked = Diffraction(shape_yx=(512, 1028)).pixel_mask != 0
    assert (dark[masked] == 65535).all()
    assert np.median(dark[~masked]) == 0
    camera.put(PixelMaskApplied=0)
    assert camera.acquire(1)[0].pixels.max() < 65535


def test_no_file_without_the_file_writer(camera, tmp_path):
    camera.put(FWEnable=0)
    camera.acquire(3)
    assert not list(tmp_path.glob("*.h5"))


def test_a_failed_write_is_reported_and_ends_the_series(camera, tmp_path):
    settings = camera.settings()
    camera.driver.prepare(settings)
    exposure = camera.driver.expose(settings, 0)
    # A directory with the data file's name: it cannot get that name.
    (tmp_path / "series_1_data_000001.h5").mkdir()
    for index in range(3):
        camera.driver.taken(exposure, index)
    with pytest.raises(WriteFailed, match="series_1"):
        camera.driver.taken(exposure, 3)
    assert camera["WriteStatus"] == 1
    assert "series_1" in str(camera["WriteMessage"])
    assert camera["Error"]
    camera.driver.finish()
    assert camera["Armed"] == 0


def test_waiting_triggers_are_let_go_at_the_end(camera):
    camera.put(ManualTrigger=1, NumTriggers=5, Acquire=1)
    camera.driver.prepare(camera.settings())
    camera.put(Trigger=1)
    assert "Trigger" in camera.busy
    camera.put(Acquire=0)
    camera.driver.finish()
    assert "Trigger" not in camera.busy


def test_a_trigger_before_the_detector_has_armed_is_not_lost(camera):
    camera.put(ManualTrigger=1, NumTriggers=1, Acquire=1)
    client = threading.Thread(target=lambda: camera.put(Trigger=1))
    client.start()
    settings = camera.settings()
    camera.driver.prepare(settings)
    assert camera.driver.wait_for_trigger(settings, 0, threading.Event())
    client.join(30)
    camera.put(Acquire=0)
    camera.driver.finish()


def test_a_stop_ends_the_wait_for_a_trigger(camera):
    camera.put(ManualTrigger=1)
    camera.driver.prepare(camera.settings())
    stop = threading.Event()
    stop.set()
    assert camera.driver.wait_for_trigger(camera.settings(), 0, stop) is False
    camera.driver.finish()


def test_trigger_value_is_the_exposure_of_internal_enable(camera):
    camera.put(ManualTrigger=1, TriggerMode=1, NumTriggers=2, Acquire=1)
    settings = camera.settings()
    camera.driver.prepare(settings)
    sums = []
    for index, exposure_s in enumerate((0.001, 0.01)):
        camera.put(Trigger=exposure_s)
        assert camera.driver.wait_for_trigger(settings, index, threading.Event())
        pixels = camera.driver.expose(settings, index).pixels
        sums.append(np.minimum(pixels[1:], 3000)[pixels[1:] < 65535].mean())
    camera.put(Acquire=0)
    camera.driver.finish()
    assert sums[1] > 5 * sums[0]
