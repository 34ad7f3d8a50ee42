"""The simulated camera's scenes, seen through image1."""

from __future__ import annotations

import numpy as np
import pytest

from chain.detector.pvs import Pvs
from chain.iocs import running_ioc
from framepath.scenes import Absorption, Diffraction, LinearRamp, frame_index
from framepath.spec.frame_type import FrameType

SHAPE_YX = (64, 96)
EXPOSURE_S = 0.01


@pytest.fixture(scope="module")
def ioc():
    with running_ioc("--size", "64x96") as running:
        yield running


@pytest.fixture
def cam(ioc):
    Pvs(ioc, "image1").put("EnableCallbacks", 1)
    pvs = Pvs(ioc)
    pvs.put_all(
        AcquireTime=EXPOSURE_S,
        AcquirePeriod=EXPOSURE_S,
        ImageMode="Single",
        WaitForPlugins=1,
        FrameType=0,
        Scene="ADSim",
        SimMode="LinearRamp",
        DataType="UInt16",
        Reset=1,
    )
    return pvs


def shot(ioc, cam) -> np.ndarray:
    cam.put("Acquire", 1)
    pixels = Pvs(ioc, "image1")["ArrayData"][: SHAPE_YX[0] * SHAPE_YX[1]]
    return np.asarray(pixels).astype(np.uint16).reshape(SHAPE_YX)


def test_image_dark_and_flat_are_what_they_say(ioc, cam):
    cam.put("Scene", "Absorption")
    assert cam.text("DataType_RBV") == "UInt16"
    scene = Absorption(shape_yx=SHAPE_YX)
    first = None
    for n, frame_type in enumerate((FrameType.IMAGE, FrameType.DARK, FrameType.FLAT)):
        cam.put("FrameType", int(frame_type))
        pixels = shot(ioc, cam)
        index = frame_index(pixels)
        first = index if first is None else first
        assert index == first + n
        np.testing.assert_array_equal(pixels, scene.frame(index, frame_type, EXPOSURE_S))


def test_sample_turns(ioc, cam):
    cam.put_all(Scene="Absorption", Theta=40.0)
    pixels = shot(ioc, cam)
    wanted = Absorption(shape_yx=SHAPE_YX).frame(
        frame_index(pixels), FrameType.IMAGE, EXPOSURE_S, theta_deg=40.0
    )
    np.testing.assert_array_equal(pixels, wanted)


def test_photon_counter(ioc, cam):
    cam.put("Scene", "Diffraction")
    pixels = shot(ioc, cam)
    wanted = Diffraction(shape_yx=SHAPE_YX).frame(frame_index(pixels), FrameType.IMAGE, EXPOSURE_S)
    np.testing.assert_array_equal(pixels, wanted)


def test_reset_begins_the_ramp_again(ioc, cam):
    ramp = LinearRamp(shape_yx=SHAPE_YX, dtype=np.dtype("u2"))
    for index in range(3):
        np.testing.assert_array_equal(shot(ioc, cam), ramp.frame(index))
    assert cam["Reset_RBV"] == 0
    cam.put("Reset", 1)
    np.testing.assert_array_equal(shot(ioc, cam), ramp.frame(0))
