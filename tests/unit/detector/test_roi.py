"""ROI1: regions against numpy slicing, bookkeeping of where pixels lie, and every PV of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framepath.detector.geometry import Axis
from framepath.detector.graph import Graph
from framepath.detector.plugins.pixel_types import converted
from framepath.detector.plugins.roi import roi_plugin
from framepath.detector.plugins.roi_region import dimension_within, region_of, whole
from framepath.spec.frame import ColorMode, Compressed, DataType, Dimension, Frame
from unit.detector.rigs import SOURCE, make_plugin

AUTOMATIC = len(DataType)


class Sink:
    def __init__(self):
        self.frames = []

    def offer(self, frame):
        self.frames.append(frame)


@pytest.fixture
def graph():
    return Graph()


@pytest.fixture
def roi(graph):
    plugin = make_plugin("ROI1", graph, roi_plugin, BlockingCallbacks=1, ArrayCallbacks=1)
    return plugin.port


@pytest.fixture
def sink(graph, roi):
    sink = Sink()
    graph.connect(sink, roi.text("PortName"))
    return sink


def put_all(port, **values):
    for name, value in values.items():
        port.put(name, value)


@st.composite
def axes(draw, size):
    offset = draw(st.integers(0, size - 1))
    length = draw(st.integers(1, size - offset))
    return Axis(offset, length, draw(st.integers(1, length)), draw(st.booleans()))


def binned_by_hand(pixels, axis_list):
    """Sum of the pixels of every bin, one at a time."""
    shape = tuple(axis.n_pixels for axis in axis_list)
    result = np.zeros(shape)
    for index in np.ndindex(*shape):
        bins = []
        for position, axis in zip(index, axis_list, strict=True):
            at = axis.n_pixels - 1 - position if axis.reverse else position
            start = axis.offset + at * axis.binning
            bins.append(slice(start, start + axis.binning))
        result[index] = pixels[tuple(bins)].sum()
    return result


@given(axes(7), axes(9), st.sampled_from([1.0, 4.0]))
def test_any_region_holds_the_sums_of_its_bins(y, x, divisor):
    pixels = np.arange(63, dtype=np.uint16).reshape(7, 9)
    expected = binned_by_hand(pixels, (y, x)) / divisor
    found = region_of(pixels, (y, x), np.dtype(np.float64), divisor)
    np.testing.assert_allclose(found, expected)


@given(axes(12), axes(12), st.booleans(), st.integers(0, 50), st.integers(1, 3))
def test_a_region_of_a_region_lies_where_its_pixels_are(first, second, reverse, offset, binning):
    """Pixels hold their sensor position; the dimension must lead back to it."""
    outer = Dimension(12, offset, binning, reverse)
    sensor = np.arange(offset, offset + 12 * binning)
    frame = sensor.reshape(12, binning).mean(axis=1)
    frame = frame[::-1] if reverse else frame
    inner = dimension_within(outer, first)
    cut = frame[first.offset :][: first.n_pixels * first.binning]
    cut = cut.reshape(first.n_pixels, first.binning).mean(axis=1)
    cut = cut[::-1] if first.reverse else cut
    expected = np.arange(inner.offset, inner.offset + inner.size * inner.binning)
    expected = expected.reshape(inner.size, inner.binning).mean(axis=1)
    np.testing.assert_allclose(cut, expected[::-1] if inner.reverse else expected)


@pytest.mark.parametrize("source", [t.dtype for t in DataType])
@pytest.mark.parametrize("target", [t.dtype for t in DataType])
def test_conversion_keeps_what_fits_and_holds_the_rest_at_the_limit(source, target):
    values = [0, 1, 100, *([-5] if source.kind != "u" else [])]
    limits = np.iinfo(source) if source.kind != "f" else np.finfo(np.float32)
    pixels = np.array([*values, limits.min, limits.max], source)
    lowest, highest = (
        (np.iinfo(target).min, np.iinfo(target).max) if target.kind != "f" else (-np.inf, np.inf)
    )
    found = converted(pixels, target)
    assert found.dtype == target
    for before, after in zip(pixels.tolist(), found.tolist(), strict=True):
        assert after == pytest.approx(min(max(before, lowest), highest), rel=1e-6)


def test_nan_becomes_zero_and_fractions_are_cut_off():
    found = converted(np.array([np.nan, 1.9, -1.9, 300.0]), np.dtype(np.int8))
    assert found.tolist() == [0, 1, -1, 127]


def test_a_region_is_cut_shown_and_remembered(graph, roi, sink):
    put_all(roi, MinX=2, SizeX=3, MinY=1, SizeY=100)
    image = np.arange(48, dtype=np.uint16).reshape(6, 8)
    graph.send(SOURCE, Frame(image, unique_id=1))
    np.testing.assert_array_equal(sink.frames[0].data, image[1:, 2:5])
    assert sink.frames[0].dimensions == (Dimension(3, 2), Dimension(5, 1))
    shown = [roi[n] for n in ("MinX", "SizeX", "MinY", "SizeY", "MaxSizeX", "MaxSizeY")]
    assert shown == [2, 3, 1, 5, 8, 6]
    assert [roi[f"ArraySize{letter}"] for letter in "XYZ"] == [3, 5, 0]
    small, again = np.zeros((2, 2), np.uint16), np.arange(100, dtype=np.uint16).reshape(10, 10)
    graph.send(SOURCE, Frame(small, unique_id=2))
    assert (roi["MinX"], roi["SizeX"]) == (1, 1)
    graph.send(SOURCE, Frame(again, unique_id=3))
    np.testing.assert_array_equal(sink.frames[2].data, again[1:, 2:5])


def test_a_disabled_axis_stays_whole(graph, roi, sink):
    put_all(roi, MinX=2, SizeX=1, BinX=2, ReverseX=1, EnableX=0)
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    graph.send(SOURCE, Frame(image, unique_id=1))
    np.testing.assert_array_equal(sink.frames[0].data, image)


def test_auto_size_reaches_to_the_edge(graph, roi, sink):
    put_all(roi, MinX=1, SizeX=1, AutoSizeX=1, AutoSizeY=1, SizeY=1)
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    graph.send(SOURCE, Frame(image, unique_id=1))
    np.testing.assert_array_equal(sink.frames[0].data, image[:, 1:])
    assert roi["SizeX"] == 3


def test_binning_saturates_unless_scaled(graph, roi, sink):
    image = np.full((4, 4), 200, np.uint8)
    put_all(roi, BinX=2, BinY=2)
    graph.send(SOURCE, Frame(image, unique_id=1))
    put_all(roi, EnableScale=1, Scale=4.0)
    graph.send(SOURCE, Frame(image, unique_id=2))
    put_all(roi, EnableScale=0, DataTypeOut=int(DataType.UINT32))
    graph.send(SOURCE, Frame(image, unique_id=3))
    assert [frame.data.max() for frame in sink.frames] == [255, 200, 800]
    assert sink.frames[2].data.dtype == np.uint32
    assert sink.frames[0].dimensions == (Dimension(2, 0, 2), Dimension(2, 0, 2))
    put_all(roi, DataTypeOut=AUTOMATIC)
    graph.send(SOURCE, Frame(image, unique_id=4))
    assert sink.frames[3].data.dtype == np.uint8


@pytest.mark.parametrize("axis", "XYZ")
def test_reversal_of_each_axis(graph, roi, sink, axis):
    stack = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    roi.put(f"Reverse{axis}", 1)
    graph.send(SOURCE, Frame(stack, unique_id=1))
    np.testing.assert_array_equal(sink.frames[0].data, np.flip(stack, "ZYX".index(axis)))


@pytest.mark.parametrize(
    ("mode", "color_axis"), [(ColorMode.RGB1, 2), (ColorMode.RGB2, 1), (ColorMode.RGB3, 0)]
)
def test_x_and_y_of_colour_frames_and_one_colour_of_them(graph, roi, sink, mode, color_axis):
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    pixels = np.stack([image, image + 50, image + 100], axis=color_axis)
    put_all(roi, MinX=1, SizeX=2, MinY=2, SizeY=1)
    graph.send(SOURCE, Frame(pixels, unique_id=1, color_mode=mode))
    found = np.moveaxis(sink.frames[0].data, color_axis, 0)
    np.testing.assert_array_equal(found[1], image[2:3, 1:3] + 50)
    assert [roi[f"MaxSize{letter}"] for letter in "XYZ"] == [4, 3, 3]
    put_all(roi, MinZ=2, SizeZ=1)
    graph.send(SOURCE, Frame(pixels, unique_id=2, color_mode=mode))
    np.testing.assert_array_equal(sink.frames[1].data, image[2:3, 1:3] + 100)
    assert sink.frames[1].color_mode is ColorMode.MONO
    assert sink.frames[1].attributes["ColorMode"].value == 0


def test_axes_of_one_pixel_can_be_collapsed(graph, roi, sink):
    stack = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    put_all(roi, MinX=1, SizeX=1, CollapseDims=1)
    graph.send(SOURCE, Frame(stack, unique_id=1))
    np.testing.assert_array_equal(sink.frames[0].data, stack[:, :, 1])
    assert [d.size for d in sink.frames[0].dimensions] == [3, 2]
    put_all(roi, SizeY=1, SizeZ=1)
    graph.send(SOURCE, Frame(stack, unique_id=2))
    assert sink.frames[1].data.shape == (1,)


def test_a_compressed_frame_is_dropped_and_counted(graph, roi, sink):
    how = Compressed("lz4", (3, 4), np.dtype(np.uint8))
    graph.send(SOURCE, Frame(np.zeros(5, np.uint8), unique_id=1, compressed=how))
    assert sink.frames == []
    assert roi["DroppedArrays"] == 1


def test_the_whole_axis_is_no_region():
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert np.shares_memory(region_of(pixels, (whole(2), whole(3)), pixels.dtype), pixels)


def test_the_region_has_a_name_for_people(roi):
    roi.put("Name", "direct beam")
    assert roi["Name"] == "direct beam"
