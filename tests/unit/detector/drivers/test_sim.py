import h5py
import numpy as np
import pytest

from framepath.detector.drivers.base import Driver
from framepath.detector.drivers.sim import SceneChoice, Sim
from framepath.scenes import Absorption, Diffraction, frame_index
from framepath.spec.frame import DataType
from framepath.spec.frame_type import FrameType
from unit.detector.drivers.cameras import TableCamera

SIZE_YX = (24, 32)


@pytest.fixture
def camera():
    return TableCamera(Sim(SIZE_YX))


def test_it_is_a_driver():
    driver: Driver = Sim()
    assert driver.info.size_yx == (514, 1030)


def test_ramp_counts_on_over_acquisitions_as_the_real_detector(camera, golden):
    camera.put(DataType=int(DataType.UINT16))
    camera.expose()  # primes the plugin, as the recipe of the golden files does
    with h5py.File(golden / "b_routed_capture.h5") as file:
        stored = [
            frame for name in ("data", "dark", "flat") for frame in file[f"/entry/data/{name}"]
        ]
    for frame in stored:
        np.testing.assert_array_equal(camera.expose(frame_index=0).pixels, frame)


def test_reset_begins_again_and_is_read_back_as_done(camera):
    assert [camera.expose(n).pixels[0, 0] for n in range(3)] == [0, 1, 2]
    assert camera["Reset"] == 0
    camera.put(Reset=1)
    assert camera.expose().pixels[0, 0] == 0
    assert camera["Reset"] == 0


@pytest.mark.parametrize(
    "change", [{"Gain": 2.0}, {"DataType": 3}, {"GainX": 0.5}, {"ColorMode": 1}]
)
def test_a_change_of_the_pattern_begins_again(camera, change):
    camera.expose()
    camera.expose()
    camera.put(**change)
    assert not camera.expose().pixels[0, 0].any()


@pytest.mark.parametrize("data_type", DataType)
@pytest.mark.parametrize("mode", range(4))
def test_every_mode_in_every_data_type(camera, mode, data_type):
    camera.put(SimMode=mode, DataType=int(data_type), Gain=20.0, Noise=20.0, Offset=10.0)
    first, second = camera.expose().pixels, camera.expose().pixels
    assert first.shape == SIZE_YX
    assert first.dtype == data_type.dtype
    assert (first != second).any()


@pytest.mark.parametrize("colour", [1, 2, 3])
@pytest.mark.parametrize("mode", range(4))
def test_colour_frames_have_three_channels(camera, mode, colour):
    camera.put(SimMode=mode, ColorMode=colour, GainRed=0.0, GainGreen=1.0, Gain=50.0)
    camera.expose()
    pixels = camera.expose().pixels
    assert pixels.shape == (*SIZE_YX, 3)
    if mode != 3:
        assert not pixels[..., 0].any()
        assert pixels[..., 1].any()


def test_peaks_follow_their_parameters(camera):
    camera.put(SimMode=1, Gain=100.0, PeakStartX=20, PeakStartY=5, PeakWidthX=1, PeakWidthY=1)
    pixels = camera.expose().pixels
    assert np.unravel_index(pixels.argmax(), pixels.shape) == (5, 20)
    assert pixels.max() == 100


def test_sine_follows_its_parameters(camera):
    camera.put(SimMode=2, DataType=int(DataType.FLOAT64), XSineOperation=1, YSine1Amplitude=0.0)
    camera.put(YSine2Amplitude=0.0)
    x = np.arange(SIZE_YX[1]) / SIZE_YX[1]
    wanted = np.sin(2 * np.pi * x) * np.cos(4 * np.pi * x)
    np.testing.assert_allclose(camera.expose().pixels[7], wanted, atol=1e-9)


def test_a_scene_brings_its_data_type_and_its_index(camera):
    camera.put(Scene=int(SceneChoice.ABSORPTION))
    assert camera["DataType"] == DataType.UINT16
    frames = [camera.expose(0).pixels for _ in range(3)]
    assert [frame_index(frame) for frame in frames] == [0, 1, 2]
    assert frames[0].dtype == np.uint16


def test_frame_type_decides_what_the_camera_sees():
    camera = TableCamera(Sim((64, 80), SceneChoice.ABSORPTION))
    camera.put(AcquireTime=0.1)
    scene = Absorption(shape_yx=(64, 80))
    for index, frame_type in enumerate((FrameType.IMAGE, FrameType.DARK, FrameType.FLAT)):
        camera.put(FrameType=int(frame_type))
        np.testing.assert_array_equal(camera.expose().pixels, scene.frame(index, frame_type, 0.1))


def test_a_closed_shutter_makes_a_dark():
    camera = TableCamera(Sim((64, 80), SceneChoice.ABSORPTION))
    camera.put(AcquireTime=0.1, ShutterMode=2)
    dark = Absorption(shape_yx=(64, 80)).frame(0, FrameType.DARK, 0.1)
    np.testing.assert_array_equal(camera.expose().pixels, dark)


def test_sample_turns_with_theta():
    camera = TableCamera(Sim((64, 80), SceneChoice.ABSORPTION))
    camera.put(AcquireTime=0.1, Theta=30.0, ThetaStep=0.5)
    exposure = camera.expose(frame_index=4)
    assert exposure.parameters["THETA"] == 32.0
    wanted = Absorption(shape_yx=(64, 80)).frame(0, FrameType.IMAGE, 0.1, 32.0)
    np.testing.assert_array_equal(exposure.pixels, wanted)


def test_diffraction_scene_in_the_type_asked_for():
    camera = TableCamera(Sim(scene=SceneChoice.DIFFRACTION))
    camera.put(DataType=int(DataType.UINT8), AcquireTime=0.01)
    pixels = camera.expose().pixels
    wanted = Diffraction().frame(0, FrameType.IMAGE, 0.01, np.dtype("u1"))
    np.testing.assert_array_equal(pixels, wanted)
