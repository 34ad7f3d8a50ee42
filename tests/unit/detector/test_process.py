"""Proc1: each step against its formula, the filters against their definitions, and every PV."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from framepath.detector.graph import Graph
from framepath.detector.plugins.process import process_plugin
from framepath.detector.plugins.process_correction import Clip, Correction, corrected
from framepath.detector.plugins.process_filter import (
    Coefficients,
    FilterType,
    RecursiveFilter,
    predefined,
)
from framepath.spec.frame import DataType, Frame
from unit.detector.rigs import SOURCE, make_plugin

SHAPE = (3, 4)
counts = arrays(np.uint16, SHAPE, elements=st.integers(0, 1000))
COMMANDS_AND_CLIPS = {
    "EnableLowClip": {"EnableLowClip": 1, "LowClipThresh": 20.0, "LowClipValue": -1.0},
    "EnableHighClip": {"EnableHighClip": 1, "HighClipThresh": 20.0, "HighClipValue": 99.0},
}


class Sink:
    def __init__(self):
        self.frames = []

    def offer(self, frame):
        self.frames.append(frame)


class Rig:
    """Proc1 between a source and a sink."""

    def __init__(self):
        self.graph, self.sink = Graph(), Sink()
        plugin = make_plugin(
            "Proc1", self.graph, process_plugin, BlockingCallbacks=1, ArrayCallbacks=1
        )
        self.port = plugin.port
        self.graph.connect(self.sink, self.port.text("PortName"))
        self._n_sent = 0

    def put(self, **values):
        for name, value in values.items():
            self.port.put(name, value)

    def send(self, pixels):
        """Send a frame; what came out of it, or None."""
        n_before = len(self.sink.frames)
        self._n_sent += 1
        self.graph.send(SOURCE, Frame(np.asarray(pixels), unique_id=self._n_sent))
        return self.sink.frames[-1].data if len(self.sink.frames) > n_before else None


@pytest.fixture
def rig():
    return Rig()


def image(value, dtype=np.float64):
    return np.full(SHAPE, value, dtype)


@given(counts, counts, counts)
def test_background_flat_offset_and_scale_follow_the_formula(pixels, background, flat):
    correction = Correction(
        background=background.astype(float), flat=flat.astype(float), flat_scale=7.0,
        offset=3.0, scale=0.5,
    )  # fmt: skip
    lit = np.where(flat == 0, 1, flat)
    divided = (pixels.astype(float) - background) / lit * 7.0
    expected = (np.where(flat == 0, 7.0, divided) + 3.0) * 0.5
    before = pixels.copy()
    np.testing.assert_allclose(corrected(pixels, correction), expected)
    np.testing.assert_array_equal(pixels, before)


@given(counts, st.integers(0, 1000), st.integers(0, 1000))
def test_clipping_replaces_what_lies_beyond_the_thresholds(pixels, low, high):
    correction = Correction(high=Clip(high, 5000.0), low=Clip(low, -1.0))
    expected = np.where(pixels > high, 5000.0, pixels)
    expected = np.where(expected < low, -1.0, expected)
    np.testing.assert_array_equal(corrected(pixels, correction), expected)


@given(st.lists(counts, min_size=1, max_size=5))
def test_filters_do_what_their_names_say(frames):
    frames = [frame.astype(float) for frame in frames]
    n = len(frames)
    results = {}
    for filter_type in FilterType:
        step = RecursiveFilter()
        for frame in frames:
            results[filter_type] = step.apply(frame, predefined(filter_type, n), n)
    np.testing.assert_allclose(results[FilterType.AVERAGE], np.mean(frames, axis=0), atol=1e-9)
    np.testing.assert_allclose(results[FilterType.SUM], np.sum(frames, axis=0))
    np.testing.assert_allclose(
        results[FilterType.RECURSIVE_AVE], np.mean(frames, axis=0), atol=1e-9
    )
    previous = frames[-2] if n > 1 else frames[0]
    np.testing.assert_allclose(results[FilterType.DIFFERENCE], frames[-1] - previous)
    mean_before = np.mean(frames[:-1] or frames, axis=0)
    np.testing.assert_allclose(
        results[FilterType.RECURSIVE_AVE_DIFF], frames[-1] - mean_before, atol=1e-9
    )
    np.testing.assert_array_equal(results[FilterType.COPY_TO_FILTER], frames[-1])


def test_the_recursive_average_forgets_once_it_is_full():
    step, c = RecursiveFilter(), predefined(FilterType.RECURSIVE_AVE, 2)
    outputs = [step.apply(image(value), c, 2)[0, 0] for value in (0.0, 4.0, 8.0)]
    assert outputs == [0.0, 2.0, 5.0]
    assert step.n_filtered == 2


def test_every_coefficient_enters_its_equation():
    c = Coefficients(
        (2.0, 3.0, 5.0, 7.0), (11.0, 13.0, 17.0, 19.0), (0.5, 0.25), 100.0, 10.0, 200.0, 20.0, 1.0
    )
    step = RecursiveFilter()
    first = step.apply(image(4.0), c, 9)[0, 0]
    kept = 1.0 + 0.5 * 4.0 + 0.25 * 4.0
    assert first == 100.0 + 10.0 * ((2 + 3) * kept + (5 + 7) * 4.0)
    kept = 200.0 + 20.0 * ((11 + 13) * kept + (17 + 19) * 4.0)
    second = step.apply(image(6.0), c, 9)[0, 0]
    assert second == 100.0 + 10.0 * ((2 + 3 / 2) * kept + (5 + 7 / 2) * 6.0)


def test_frames_pass_unchanged_until_something_is_enabled(rig):
    pixels = np.arange(12, dtype=np.uint16).reshape(SHAPE)
    np.testing.assert_array_equal(rig.send(pixels), pixels)


def test_a_saved_background_is_subtracted_while_it_fits(rig):
    rig.put(SaveBackground=1)
    assert (rig.port["ValidBackground"], rig.port["SaveBackground"]) == (0, 0)
    rig.send(image(10, np.uint16))
    rig.put(SaveBackground=1, EnableBackground=1)
    assert rig.port["ValidBackground"] == 1
    assert (rig.send(image(25, np.uint16)) == 15).all()
    assert (rig.send(np.full((2, 2), 25, np.uint16)) == 25).all()
    assert rig.port["ValidBackground"] == 0
    rig.put(EnableBackground=0)
    assert (rig.send(image(25, np.uint16)) == 25).all()
    assert rig.port["ValidBackground"] == 1


def test_a_saved_flat_field_divides(rig):
    rig.send(image(50, np.uint16))
    rig.put(SaveFlatField=1, EnableFlatField=1, ScaleFlatField=100.0)
    assert (rig.port["ValidFlatField"], rig.port["SaveFlatField"]) == (1, 0)
    assert (rig.send(image(25, np.uint16)) == 50).all()


def test_offset_then_scale(rig):
    rig.put(EnableOffsetScale=1, Offset=-4.0, Scale=35.0)
    assert (rig.send(image(6, np.uint16)) == 70).all()


@pytest.mark.parametrize("side", COMMANDS_AND_CLIPS)
def test_clips_of_the_records(rig, side):
    rig.put(**COMMANDS_AND_CLIPS[side])
    found = rig.send(np.array([[10.0, 20.0, 30.0]]))
    expected = {"EnableLowClip": [-1.0, 20.0, 30.0], "EnableHighClip": [10.0, 20.0, 99.0]}
    assert found.ravel().tolist() == expected[side]


def test_auto_offset_and_scale_fill_the_output_type(rig):
    done = []
    rig.put(DataTypeOut=int(DataType.UINT8), AutoOffsetScale=1)
    rig.port.when_done("AutoOffsetScale", lambda: done.append(True))
    assert not done
    rig.send(np.array([[10, 20], [30, 61]], np.uint16))
    assert done
    assert rig.port["AutoOffsetScale"] == 0
    assert [rig.port[n] for n in ("Offset", "Scale", "HighClipThresh")] == [-10.0, 5.0, 255.0]
    found = rig.send(np.array([[10, 20], [30, 61]], np.uint16))
    assert found.dtype == np.uint8
    assert found.tolist() == [[0, 50], [100, 255]]


def test_a_cancelled_auto_scale_lets_the_put_go(rig):
    done = []
    rig.put(AutoOffsetScale=1)
    rig.port.when_done("AutoOffsetScale", lambda: done.append(True))
    rig.put(AutoOffsetScale=0)
    assert done
    rig.send(image(5))
    assert rig.port["EnableOffsetScale"] == 0


@pytest.mark.parametrize("data_type", DataType)
def test_the_output_type(rig, data_type):
    rig.put(DataTypeOut=int(data_type))
    found = rig.send(image(5, np.uint16))
    assert found.dtype == data_type.dtype
    assert (found == 5).all()


def test_a_filter_type_loads_its_coefficients_and_leaves_scales(rig):
    rig.put(OScale=3.0, NumFilter=4, FilterType=int(FilterType.AVERAGE))
    assert [rig.port[f"OC{n}"] for n in (1, 2, 3, 4)] == [1.0, 0.0, 0.25, 0.0]
    assert [rig.port[f"FC{n}"] for n in (1, 2, 3, 4)] == [1.0, 0.0, 0.25, 0.0]
    assert [rig.port[f"RC{n}"] for n in (1, 2)] == [0.0, 0.0]
    assert rig.port["OScale"] == 3.0


def test_sums_of_n_frames_one_after_the_other(rig):
    rig.put(DataTypeOut=int(DataType.UINT32), NumFilter=3, FilterType=int(FilterType.SUM))
    rig.put(EnableFilter=1, AutoResetFilter=1, FilterCallbacks=1)
    outputs = [rig.send(image(value, np.uint16)) for value in (1, 2, 3, 10, 20, 30)]
    assert [None if o is None else int(o[0, 0]) for o in outputs] == [None, None, 6, None, None, 60]
    assert rig.port["NumFiltered"] == 3


def test_reset_filter_takes_effect_with_the_next_frame(rig):
    rig.put(NumFilter=10, FilterType=int(FilterType.SUM), EnableFilter=1)
    for value in (1.0, 2.0):
        rig.send(image(value))
    rig.put(ResetFilter=1)
    assert rig.port["ResetFilter"] == 1
    assert (rig.send(image(5.0)) == 5.0).all()
    assert (rig.port["ResetFilter"], rig.port["NumFiltered"]) == (0, 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("OOffset", 12.0), ("OScale", 10.0), ("FOffset", 7.0), ("FScale", 5.0), ("ROffset", 15.0)],
)
def test_offsets_and_scales_of_the_filter(rig, name, expected):
    """Two frames of 2 and 3 through the sum filter, one number at a time changed."""
    rig.put(NumFilter=10, FilterType=int(FilterType.SUM), EnableFilter=1)
    rig.put(
        **{name: {"OOffset": 7.0, "OScale": 2.0, "FOffset": 2.0, "FScale": 1.0}.get(name, 10.0)}
    )
    rig.send(image(2.0))
    assert (rig.send(image(3.0)) == expected).all()


def test_every_coefficient_record_enters_its_equation(rig):
    values = {"OC1": 2.0, "OC2": 3.0, "OC3": 5.0, "OC4": 7.0, "RC1": 0.5, "RC2": 0.25}
    values |= {"FC1": 11.0, "FC2": 13.0, "FC3": 17.0, "FC4": 19.0}
    rig.put(NumFilter=9, EnableFilter=1, **values)
    by_hand = RecursiveFilter()
    c = Coefficients((2.0, 3.0, 5.0, 7.0), (11.0, 13.0, 17.0, 19.0), (0.5, 0.25))
    for value in (4.0, 6.0, 1.0):
        np.testing.assert_allclose(rig.send(image(value)), by_hand.apply(image(value), c, 9))
