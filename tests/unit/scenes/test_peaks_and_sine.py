import numpy as np
import pytest

from framepath.scenes import Peaks, Sine
from framepath.scenes.sine import Wave
from framepath.spec.frame import DataType

SHAPE_YX = (60, 80)


@pytest.fixture
def peaks():
    return {
        "shape_yx": SHAPE_YX,
        "start_xy": (20, 15),
        "step_xy": (40, 30),
        "width_xy": (3, 2),
        "number_xy": (2, 2),
    }


@pytest.mark.parametrize("data_type", DataType)
def test_peaks_stand_where_they_should(peaks, data_type):
    frame = Peaks(**peaks, dtype=data_type.dtype, gain=100.0).frame(0)
    assert frame.dtype == data_type.dtype
    assert [frame[y, x] for y in (15, 45) for x in (20, 60)] == [100] * 4
    assert frame[15, 23] == pytest.approx(100 * np.exp(-0.5), abs=1)
    assert frame[17, 20] == pytest.approx(100 * np.exp(-0.5), abs=1)
    assert frame[30, 40] == 0


def test_peaks_end_after_four_widths(peaks):
    frame = Peaks(**peaks, dtype=np.dtype("f8")).frame(0)
    assert frame[15, 20 - 12] > 0
    assert frame[15, 20 - 13] == 0
    assert frame[15, 20 + 12] == 0


def test_variation_changes_heights_from_frame_to_frame(peaks):
    scene = Peaks(**peaks, dtype=np.dtype("f8"), gain=100.0, variation=20)
    heights = np.array([scene.frame(n)[[15, 15, 45, 45], [20, 60, 20, 60]] for n in range(50)])
    assert heights.min() >= 101
    assert heights.max() <= 120
    assert len(np.unique(heights)) > 10
    np.testing.assert_array_equal(scene.frame(7), scene.frame(7))


def test_peaks_outside_the_frame_are_left_out(peaks):
    away = peaks | {"start_xy": (500, -400)}
    assert not Peaks(**away, gain=100.0).frame(0).any()


def test_a_peak_of_no_width_draws_nothing(peaks):
    assert not Peaks(**(peaks | {"width_xy": (0, 2)}), gain=100.0).frame(0).any()


def test_coloured_peaks(peaks):
    frame = Peaks(**peaks, dtype=np.dtype("f8"), gain=10.0, gain_rgb=(1.0, 2.0, 3.0)).frame(0)
    np.testing.assert_allclose(frame[15, 20], [10, 20, 30])


def test_sine_sums_two_waves_along_each_axis():
    scene = Sine(
        shape_yx=SHAPE_YX,
        dtype=np.dtype("f8"),
        gain=2.0,
        x_waves=(Wave(3.0, 1.0), Wave(1.0, 2.0, 90.0)),
        y_waves=(Wave(5.0, 0.0, 90.0), Wave(0.0)),
    )
    x = np.arange(80) / 80
    wanted = 2 * (3 * np.sin(2 * np.pi * x) + np.cos(4 * np.pi * x) + 5)
    np.testing.assert_allclose(scene.frame(0), np.broadcast_to(wanted, SHAPE_YX), atol=1e-9)


def test_sine_multiplies_when_asked():
    scene = Sine(
        shape_yx=SHAPE_YX,
        dtype=np.dtype("f8"),
        x_waves=(Wave(3.0, 0.0, 90.0), Wave(2.0, 0.0, 90.0)),
        y_waves=(Wave(5.0, 0.0, 90.0), Wave(7.0, 0.0, 90.0)),
        multiply_x=True,
        multiply_y=True,
    )
    np.testing.assert_allclose(scene.frame(0), 6 + 35)


@pytest.mark.parametrize(("frequency", "moves"), [(2.0, False), (1.25, True)])
def test_fractional_waves_move_on(frequency, moves):
    scene = Sine(
        shape_yx=SHAPE_YX,
        dtype=np.dtype("f8"),
        x_waves=(Wave(1.0, frequency), Wave(0.0)),
        y_waves=(Wave(0.0), Wave(0.0)),
    )
    assert np.allclose(scene.frame(0), scene.frame(1), atol=1e-9) is not moves
    np.testing.assert_allclose(scene.frame(0), scene.frame(4), atol=1e-9)


def test_coloured_sine():
    scene = Sine(
        shape_yx=SHAPE_YX,
        dtype=np.dtype("f8"),
        gain=2.0,
        gain_rgb=(1.0, 1.0, 3.0),
        x_waves=(Wave(1.0, 1.0), Wave(10.0, 0.0, 90.0)),
        y_waves=(Wave(1.0, 1.0), Wave(20.0, 0.0, 90.0)),
    )
    frame = scene.frame(0)
    np.testing.assert_allclose(
        frame[7, :, 0], 2 * np.sin(2 * np.pi * np.arange(80) / 80), atol=1e-9
    )
    np.testing.assert_allclose(
        frame[:, 7, 1], 2 * np.sin(2 * np.pi * np.arange(60) / 60), atol=1e-9
    )
    np.testing.assert_allclose(frame[..., 2], 2 * 3 * 15)


def test_negative_values_wrap_in_unsigned_types():
    scene = Sine(
        shape_yx=(1, 4),
        dtype=np.dtype("u1"),
        gain=1.0,
        x_waves=(Wave(2.5, 1.0), Wave(0.0)),
        y_waves=(Wave(0.0), Wave(0.0)),
    )
    np.testing.assert_array_equal(scene.frame(0), [[0, 2, 0, 254]])
