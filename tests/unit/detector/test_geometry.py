"""Region, binning, reversal and colour order of frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framepath.detector.geometry import Axis, Region, dimensions, in_color_order, read_out
from framepath.spec.frame import ColorMode, Dimension

HEIGHT, WIDTH = 12, 20


def axes(sensor: int):
    return st.builds(
        Axis.clamped,
        st.integers(-5, sensor + 5),
        st.integers(-5, 2 * sensor),
        st.integers(-1, sensor + 2),
        st.booleans(),
        st.just(sensor),
    )


def by_hand(sensor: np.ndarray, region: Region) -> np.ndarray:
    frame = np.zeros((region.y.n_pixels, region.x.n_pixels), np.int64)
    for row in range(frame.shape[0]):
        for column in range(frame.shape[1]):
            y = region.y.offset + row * region.y.binning
            x = region.x.offset + column * region.x.binning
            frame[row, column] = sensor[y : y + region.y.binning, x : x + region.x.binning].sum()
    if region.y.reverse:
        frame = frame[::-1]
    return frame[:, ::-1] if region.x.reverse else frame


@given(axes(HEIGHT), axes(WIDTH))
def test_a_frame_is_what_the_region_says(y, x):
    sensor = np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH)
    region = Region(y, x)
    frame = read_out(sensor, region)
    assert frame.dtype == sensor.dtype
    assert frame.flags.c_contiguous
    np.testing.assert_array_equal(frame, by_hand(sensor, region))
    assert (frame.shape[1], frame.shape[0]) == (x.dimension.size, y.dimension.size)


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-5, 50))
def test_an_impossible_region_becomes_the_nearest(offset, size, binning):
    axis = Axis.clamped(offset, size, binning, False, WIDTH)
    assert 0 <= axis.offset < WIDTH
    assert 1 <= axis.size <= WIDTH - axis.offset
    assert 1 <= axis.binning <= axis.size
    assert axis.n_pixels >= 1


def test_bins_stop_at_the_largest_value():
    sensor = np.full((4, 4), 200, np.uint8)
    whole = Axis(0, 4, 2, False)
    np.testing.assert_array_equal(read_out(sensor, Region(whole, whole)), np.full((2, 2), 255))


@pytest.mark.parametrize(
    ("mode", "shape", "order"),
    [
        (ColorMode.RGB1, (12, 20, 3), "cxy"),
        (ColorMode.RGB2, (12, 3, 20), "xcy"),
        (ColorMode.RGB3, (3, 12, 20), "xyc"),
    ],
)
def test_colours_lie_where_the_mode_says(mode, shape, order):
    sensor = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint16).reshape(HEIGHT, WIDTH, 3)
    frame = in_color_order(sensor, mode)
    assert frame.shape == shape
    np.testing.assert_array_equal(frame.take(1, axis=2 - order.index("c")), sensor[..., 1])
    region = Region(Axis(2, 10, 1, True), Axis(0, 20, 2, False))
    sizes = {"c": Dimension(3), "x": Dimension(10, 0, 2, False), "y": Dimension(10, 2, 1, True)}
    assert dimensions(region, frame, mode) == tuple(sizes[letter] for letter in order)


def test_values_of_the_camera_make_a_region():
    values = {"MinX": 5, "SizeX": 50, "BinX": 2, "ReverseX": 1, "MaxSizeX": 20}
    values |= {"MinY": 0, "SizeY": 12, "BinY": 1, "ReverseY": 0, "MaxSizeY": 12}
    region = Region.of_values(values)
    assert region.x == Axis(5, 15, 2, True)
    assert region.readbacks() == {
        **{"MinX": 5, "SizeX": 15, "BinX": 2},
        **{"MinY": 0, "SizeY": 12, "BinY": 1},
    }
