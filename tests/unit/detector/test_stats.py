"""Stats1: every number against numpy, and every PV of it."""

from __future__ import annotations

import math
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from framepath.detector.graph import Graph
from framepath.detector.plugins.stats import stats_plugin
from framepath.detector.plugins.stats_profiles import average, histogram, pixel_at, through
from framepath.detector.plugins.stats_series import TimeSeries
from framepath.detector.plugins.stats_sums import LARGEST_EXACT, sums
from framepath.detector.plugins.stats_time_series import SIGNALS, StatsTimeSeries
from framepath.detector.plugins.stats_values import above, basic, centroid, net
from framepath.spec.frame import Frame
from unit.detector.rigs import SOURCE, make_plugin, wait_for

images = arrays(np.uint16, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))
Y, X = np.mgrid[:40, :60].astype(float)


def spot(x=31.0, y=18.0, sigma_x=4.0, sigma_y=2.0, angle_deg=0.0):
    """A Gaussian spot (y, x)."""
    angle = np.radians(angle_deg)
    along = (X - x) * np.cos(angle) + (Y - y) * np.sin(angle)
    across = (Y - y) * np.cos(angle) - (X - x) * np.sin(angle)
    return 1000.0 * np.exp(-((along / sigma_x) ** 2 + (across / sigma_y) ** 2) / 2)


@given(arrays(np.int32, array_shapes(max_dims=3, max_side=6)))
def test_basic_statistics_are_numpys(pixels):
    found = basic(pixels)
    assert (found.min_value, found.max_value) == (pixels.min(), pixels.max())
    assert found.total == pytest.approx(pixels.sum(dtype=float))
    assert found.mean == pytest.approx(pixels.mean(dtype=float))
    assert found.sigma == pytest.approx(pixels.std(dtype=float))
    assert found.net == found.total


SMALL_INTEGERS = [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint32]
WIDE_SHAPE = (67, 1030)
"""Some whole blocks of the sums, an incomplete block, and an incomplete row."""


@pytest.mark.parametrize("dtype", SMALL_INTEGERS)
def test_sums_of_integers_are_exact(dtype):
    limits = np.iinfo(dtype)
    low, high = max(limits.min, -LARGEST_EXACT), min(limits.max, LARGEST_EXACT)
    pixels = np.random.default_rng(4).integers(low, high, WIDE_SHAPE, dtype, endpoint=True)
    exact = [int(pixel) for pixel in pixels.flat]
    found = sums(pixels, float(pixels.min()), float(pixels.max()))
    assert found.total == sum(exact)
    n, squares = pixels.size, sum(pixel * pixel for pixel in exact)
    assert found.sigma == math.sqrt((n * squares - sum(exact) ** 2) / n**2)


@pytest.mark.parametrize("dtype", [np.uint32, np.int64, np.float32, np.float64])
def test_sums_of_large_values_and_floats_are_numpys(dtype):
    pixels = (np.random.default_rng(5).random(WIDE_SHAPE) * 4e9).astype(dtype)
    found = sums(pixels, float(pixels.min()), float(pixels.max()))
    assert found.total == pixels.sum(dtype=float)
    assert found.sigma == pytest.approx(pixels.std(dtype=float), rel=1e-12)


def test_a_pixel_that_is_no_number_leaves_no_sigma():
    found = basic(np.array([[1.0, np.nan]]))
    assert math.isnan(found.sigma)
    assert math.isnan(found.total)


@given(images)
def test_positions_lead_to_the_extremes(image):
    found = basic(image)
    assert image[int(found.min_y), int(found.min_x)] == image.min()
    assert image[int(found.max_y), int(found.max_x)] == image.max()


@given(images, st.integers(1, 4))
def test_net_is_the_total_less_the_mean_of_the_border(image, width):
    border = np.ones(image.shape, bool)
    border[width:-width, width:-width] = False
    expected = image.sum(dtype=float) - image[border].mean() * image.size
    assert net(image, image.sum(dtype=float), width) == pytest.approx(expected, abs=1e-6)


def test_a_constant_background_leaves_the_peak():
    image = np.full((10, 12), 7, np.uint16)
    image[4, 5] += 100
    assert net(image, image.sum(dtype=float), 2) == pytest.approx(100)
    assert net(image, 5.0, 0) == 5.0


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, -60.0])
def test_moments_of_a_gaussian_spot(angle_deg):
    found = centroid(above(spot(angle_deg=angle_deg), 0.0))
    assert (found.x, found.y) == pytest.approx((31.0, 18.0), abs=1e-3)
    assert found.orientation == pytest.approx(angle_deg, abs=0.1)
    assert found.eccentricity == pytest.approx(((16 - 4) / (16 + 4)) ** 2, abs=0.01)
    assert [found.skew_x, found.skew_y] == pytest.approx([0, 0], abs=1e-2)
    assert [found.kurtosis_x, found.kurtosis_y] == pytest.approx([0, 0], abs=2e-2)


def test_sigmas_and_correlation():
    found = centroid(above(spot(), 0.0))
    assert (found.sigma_x, found.sigma_y) == pytest.approx((4.0, 2.0), abs=1e-2)
    assert found.sigma_xy == pytest.approx(0.0, abs=1e-6)
    line = centroid(np.eye(9))
    assert (line.sigma_xy, line.eccentricity, line.orientation) == pytest.approx((1, 1, 45))


@given(images)
def test_moments_follow_their_definitions(image):
    weights = image.astype(float)
    found = centroid(weights)
    assert found.total == pytest.approx(weights.sum())
    if not weights.sum():
        assert set(found) == {0.0}
        return
    y, x = np.indices(image.shape)
    assert found.x == pytest.approx(np.average(x, weights=weights), abs=1e-9)
    assert found.y == pytest.approx(np.average(y, weights=weights), abs=1e-9)
    variance = np.average((x - found.x) ** 2, weights=weights)
    assert found.sigma_x == pytest.approx(np.sqrt(variance), abs=1e-6)
    if found.sigma_x > 1e-3:
        third = np.average((x - found.x) ** 3, weights=weights) / found.sigma_x**3
        fourth = np.average((x - found.x) ** 4, weights=weights) / found.sigma_x**4
        assert (found.skew_x, found.kurtosis_x + 3) == pytest.approx((third, fourth), rel=1e-6)


def test_pixels_below_the_threshold_do_not_count():
    image = np.array([[9, 0, 10], [0, 0, 20]])
    assert above(image, 10).tolist() == [[0, 0, 10], [0, 0, 20]]
    assert centroid(above(image, 10)).x == 2.0


def test_profiles():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert average(image).x.tolist() == image.mean(axis=0).tolist()
    assert average(image).y.tolist() == image.mean(axis=1).tolist()
    assert through(image, 1.4, 1.6).x.tolist() == image[2].tolist()
    assert through(image, 1.4, 1.6).y.tolist() == image[:, 1].tolist()
    assert pixel_at(image, 99, -5) == image[0, 3]


@pytest.mark.parametrize("dtype", [*SMALL_INTEGERS, np.int64, np.uint64, np.float32])
@given(data=st.data())
def test_histogram_is_numpys(dtype, data):
    pixels = data.draw(arrays(dtype, array_shapes(max_dims=3, max_side=5)))
    pixels = np.nan_to_num(pixels)
    size = data.draw(st.integers(1, 40))
    low = data.draw(st.floats(-300, 300))
    high = low + data.draw(st.floats(0.001, 70000))
    found = histogram(pixels, size, low, high)
    counts, edges = np.histogram(pixels, bins=size, range=(low, high))
    assert found.counts.tolist() == counts.tolist()
    assert found.edges.tolist() == edges[:-1].tolist()
    assert (found.below, found.above) == ((pixels < low).sum(), (pixels > high).sum())


@given(images, st.floats(-2, 70000))
def test_pixels_above_are_those_not_below_the_threshold(image, threshold):
    assert above(image, threshold).tolist() == np.where(image >= threshold, image, 0).tolist()


@given(images, st.integers(1, 50))
def test_every_pixel_is_in_a_bin_or_outside(image, size):
    found = histogram(image, size, 100.0, 3000.0)
    assert found.counts.sum() + found.below + found.above == image.size
    assert found.below == (image < 100).sum()
    assert found.above == (image > 3000).sum()


def test_histogram_of_the_default_range_has_a_bin_for_each_value():
    pixels = np.array([0, 0, 1, 255, 255, 255], np.uint8)
    found = histogram(pixels, 256, 0, 255)
    assert [found.counts[v] for v in (0, 1, 2, 255)] == [2, 1, 0, 3]
    assert found.edges[0] == 0
    assert found.entropy == pytest.approx(-(2 * np.log(2) + 3 * np.log(3)) / 6)
    assert histogram(pixels, 4, 5, 5).counts.sum() == 0


@given(
    st.integers(1, 6), st.booleans(), st.integers(1, 3), st.lists(st.integers(0, 99), max_size=30)
)
def test_a_time_series_keeps_the_first_or_the_last_means(n_points, circular, n_average, values):
    series = TimeSeries(1, n_points, circular, n_average)
    for value in values:
        series.add([value])
    n_means = len(values) // n_average
    means = np.reshape(values[: n_means * n_average], (n_means, n_average)).mean(axis=1)
    expected = means[-n_points:] if circular else means[:n_points]
    np.testing.assert_allclose(series.values()[0], expected)
    assert series.n_current == len(expected)
    assert series.is_complete == (not circular and n_means >= n_points)


# -- the plugin


class Rig:
    """Stats1 behind a source."""

    def __init__(self):
        self.graph = Graph(["STATS1"])
        self.plugin = make_plugin("Stats1", self.graph, stats_plugin, BlockingCallbacks=1)
        self.port = self.plugin.port
        below = partial(StatsTimeSeries, above=self.port)
        source = {"NDArrayPort": "STATS1", "BlockingCallbacks": 1}
        self.series = make_plugin("Stats1:TS", self.graph, below, **source).port
        self._n_sent = 0

    def put(self, **values):
        for name, value in values.items():
            series = name.startswith("TS__")
            (self.series if series else self.port).put(name.removeprefix("TS__"), value)

    def send(self, pixels):
        self._n_sent += 1
        frame = Frame(np.asarray(pixels), unique_id=self._n_sent, timestamp=float(self._n_sent))
        self.graph.send(SOURCE, frame)

    def __getitem__(self, name):
        port = self.series if name.startswith("TS:") else self.port
        return port[name.removeprefix("TS:")]


@pytest.fixture
def rig():
    return Rig()


def test_each_computation_has_its_switch(rig):
    rig.put(ComputeStatistics=0)
    rig.send(spot())
    assert [rig[n] for n in ("MaxValue", "CentroidX", "ProfileSizeX", "HistAbove")] == [0] * 4
    rig.put(ComputeStatistics=1)
    rig.send(spot())
    assert rig["MaxValue"] == 1000.0
    assert rig["CentroidX"] == 0
    rig.put(ComputeCentroid=1)
    rig.send(spot())
    assert rig["CentroidX"] == pytest.approx(31.0, abs=0.1)
    rig.put(ComputeProfiles=1)
    rig.send(spot())
    assert (rig["ProfileSizeX"], rig["ProfileSizeY"]) == (60, 40)
    rig.put(ComputeHistogram=1, HistSize=4, HistMin=0.0, HistMax=800.0)
    rig.send(spot())
    assert rig["HistAbove"] == (spot() > 800).sum()
    assert len(rig["Histogram"]) == 4
    assert list(rig["HistogramX"]) == [0, 200, 400, 600]


def test_background_width_and_threshold_of_the_records(rig):
    image = np.full((10, 10), 5, np.uint16)
    image[2, 7] = 50
    rig.put(BgdWidth=1, ComputeCentroid=1, CentroidThreshold=20.0)
    rig.send(image)
    assert rig["Net"] == pytest.approx(45)
    assert (rig["CentroidX"], rig["CentroidY"], rig["CentroidTotal"]) == (7, 2, 50)


def test_a_new_cursor_or_threshold_takes_the_last_frame_again(rig):
    rig.plugin.start()
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    rig.put(ComputeProfiles=1, ComputeCentroid=1)
    rig.send(image)
    rig.put(CursorX=1, CursorY=2, CentroidThreshold=11.0)
    wait_for(lambda: rig["CentroidTotal"] == 11, "the centroid follows")
    assert rig["CursorVal"] == image[2, 1]
    assert list(rig["ProfileCursorX"]) == image[2].tolist()
    assert list(rig["ProfileCursorY"]) == image[:, 1].tolist()
    assert list(rig["ProfileThresholdX"]) == [0, 0, 0, 11 / 3]
    rig.plugin.stop()


def test_statistics_can_be_put_until_the_next_frame(rig):
    rig.put(MaxValue=5.0, SigmaValue=6.0)
    assert (rig["MaxValue"], rig["Sigma"]) == (5.0, 6.0)
    rig.send(np.full((2, 2), 9))
    assert (rig["MaxValue"], rig["Sigma"]) == (9.0, 0.0)


def test_colour_frames_and_lines_have_statistics(rig):
    rig.put(ComputeCentroid=1, ComputeProfiles=1, ComputeHistogram=1)
    rig.send(np.full((4, 5, 3), 2, np.uint8))
    assert (rig["Total"], rig["CentroidTotal"]) == (120, 0)
    rig.send(np.array([0, 0, 8], np.uint8))
    assert (rig["MaxX"], rig["CentroidX"]) == (2, 2)


def test_a_fixed_time_series_ends_by_itself_and_lets_the_put_go(rig):
    done = []
    rig.put(TS__TSNumPoints=3)
    rig.put(TS__TSAcquire=1)
    rig.series.when_done("TSAcquire", lambda: done.append(True))
    for value in (1, 2, 3, 4):
        assert bool(done) == (value > 3)
        rig.send(np.full((2, 2), value))
    assert list(rig["TSTotal"]) == [4, 8, 12]
    assert list(rig["TSTimestamp"]) == list(rig["TS:TSTimestamp"]) == [1, 2, 3]
    assert (rig["TS:TSAcquiring"], rig["TS:TSCurrentPoint"]) == (0, 3)
    assert list(rig["TS:TSTimeAxis"]) == pytest.approx([0, 0.1, 0.2])
    assert rig["TS:ArrayCounter"] == 4


def test_a_circular_series_is_read_and_stopped_by_hand(rig):
    rig.put(TS__TSNumPoints=2, TS__TSAcquireMode=1)
    rig.put(TS__TSAcquire=1)
    for value in (1, 2, 3):
        rig.send(np.full((1, 1), value))
    assert np.ndim(rig["TSTotal"]) == 0
    rig.put(TS__TSRead=1)
    assert list(rig["TSTotal"]) == [2, 3]
    assert list(rig["TS:TSTimeAxis"]) == pytest.approx([-0.1, 0])
    assert (rig["TS:TSAcquiring"], rig["TS:TSRead"]) == (1, 0)
    rig.put(TS__TSAcquire=0)
    assert rig["TS:TSAcquiring"] == 0


def test_averaging_time_is_a_multiple_of_the_time_of_a_point(rig):
    rig.put(TS__TSTimePerPoint=0.2)
    rig.put(TS__TSAveragingTime=0.5)
    assert rig["TS:TSNumAverage"] == 2
    assert rig["TS:TSAveragingTime"] == pytest.approx(0.4)
    rig.put(TS__TSNumPoints=1, TS__TSAcquire=1)
    rig.send(np.full((1, 1), 1))
    rig.send(np.full((1, 1), 2))
    assert list(rig["TSTotal"]) == [1.5]


def test_a_disabled_series_gets_nothing(rig):
    rig.put(TS__EnableCallbacks=0, TS__TSAcquire=1)
    rig.send(np.full((1, 1), 1))
    assert (rig["TS:ArrayCounter"], rig["TS:TSCurrentPoint"]) == (0, 0)


def test_the_series_has_a_queue_and_throttle_of_its_own(rig):
    rig.put(TS__MinCallbackTime=60.0)
    rig.put(TS__TSAcquire=1)
    for value in (1, 2):
        rig.send(np.full((1, 1), value))
    assert (rig["TS:ArrayCounter"], rig["TS:TSCurrentPoint"]) == (1, 1)


def test_a_drivers_period_can_be_linked_to_the_time_of_a_point(rig):
    rig.put(TS__TSTimePerPointLink=0.05)
    assert (rig["TS:TSTimePerPoint"], rig["TS:TSNumAverage"]) == (0.05, 2)


def test_a_complete_series_goes_on_to_the_plugins_behind(rig):
    seen = []
    behind = SimpleNamespace(offer=lambda frame: seen.append(frame.data))
    rig.graph.connect(behind, "STATS1_TS")
    rig.put(TS__TSNumPoints=2)
    rig.put(TS__TSAcquire=1)
    for value in (3, 4):
        rig.send(np.full((2, 2), value))
    (series,) = seen
    assert series.shape == (23, 2)
    assert series[SIGNALS.index("Total")].tolist() == [12, 16]


def test_the_statistics_are_an_array_for_any_plugin(rig):
    seen = []
    rig.graph.connect(SimpleNamespace(offer=lambda frame: seen.append(frame)), "STATS1", 1)
    rig.send(np.full((2, 2), 7))
    assert seen[0].data[SIGNALS.index("MeanValue")] == 7
    assert (seen[0].unique_id, seen[0].data[-1]) == (1, 1.0)
