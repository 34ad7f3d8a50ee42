import h5py
import numpy as np
import pytest

from framepath.scenes import LinearRamp, OffsetNoise
from framepath.spec.frame import DataType

GOLDEN_YX = (24, 32)


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("a_default_stream5.h5", ["/entry/data/data"]),
        (
            "b_routed_capture.h5",
            ["/entry/data/data", "/entry/data/dark", "/entry/data/flat"],
        ),
        (
            "c_exchange_capture.h5",
            ["/exchange/data", "/exchange/data_dark", "/exchange/data_white"],
        ),
    ],
)
def test_ramp_is_that_of_the_real_detector(golden, name, addresses):
    with h5py.File(golden / name) as file:
        stacks = [file[address][:] for address in addresses]
    stored = np.concatenate(stacks)
    ramp = LinearRamp(shape_yx=GOLDEN_YX, dtype=stored.dtype)
    # The real plugin was primed with one frame first: the files begin at frame 1.
    for index, frame in enumerate(stored, start=1):
        np.testing.assert_array_equal(ramp.frame(index), frame)


@pytest.mark.parametrize("data_type", DataType)
def test_corner_counts_frames_and_wraps(data_type):
    ramp = LinearRamp(shape_yx=(3, 4), dtype=data_type.dtype, gain=3.0)
    for index in (0, 1, 100, 1000):
        frame = ramp.frame(index)
        assert frame.dtype == data_type.dtype
        wanted = 3 * (index + np.add.outer(np.arange(3), np.arange(4)))
        np.testing.assert_array_equal(frame, wanted.astype(data_type.dtype))


def test_gains_tilt_the_ramp():
    frame = LinearRamp(
        shape_yx=(2, 3), dtype=np.dtype("f8"), gain=2.0, gain_x=0.5, gain_y=10.0
    ).frame(1)
    np.testing.assert_array_equal(frame, [[2, 3, 4], [22, 23, 24]])


def test_colour_channels_have_their_gains():
    ramp = LinearRamp(shape_yx=(2, 3), dtype=np.dtype("u2"), gain_rgb=(1.0, 2.0, 0.0))
    frame = ramp.frame(5)
    assert frame.shape == (2, 3, 3)
    grey = LinearRamp(shape_yx=(2, 3), dtype=np.dtype("u2")).frame(5)
    np.testing.assert_array_equal(frame[..., 0], grey)
    np.testing.assert_array_equal(frame[..., 1], 2 * grey)
    np.testing.assert_array_equal(frame[..., 2], 0)


def test_offset_lifts_every_pixel():
    with_offset = LinearRamp(shape_yx=GOLDEN_YX, dtype=np.dtype("u2"), offset=7.9)
    without = LinearRamp(shape_yx=GOLDEN_YX, dtype=np.dtype("u2"))
    np.testing.assert_array_equal(with_offset.frame(3), without.frame(3) + 7)


@pytest.mark.parametrize("gain_rgb", [None, (1.0, 1.0, 1.0)])
def test_noise_is_even_and_moves_from_frame_to_frame(gain_rgb):
    scene = OffsetNoise(
        shape_yx=(100, 120), dtype=np.dtype("u2"), offset=50, noise=100, gain_rgb=gain_rgb
    )
    first, second = scene.frame(0), scene.frame(1)
    assert first.shape == scene.frame_shape
    assert (first.min(), first.max()) == (50, 149)
    assert first.mean() == pytest.approx(99.5, abs=1.5)
    assert (first != second).mean() > 0.9
    np.testing.assert_array_equal(np.sort(first, axis=None), np.sort(second, axis=None))
    np.testing.assert_array_equal(scene.frame(1), second)


def test_no_background_leaves_zeros():
    np.testing.assert_array_equal(OffsetNoise(shape_yx=(4, 5)).frame(9), np.zeros((4, 5)))


def test_a_frame_may_be_changed_by_its_owner():
    ramp = LinearRamp(shape_yx=(3, 4))
    ramp.frame(0)[:] = 99
    assert ramp.frame(0)[0, 0] == 0
