import numpy as np
import pytest

from framepath.scenes.noise import SHIFTS, NormalPool, PoissonPool, place


@pytest.mark.parametrize("n_places", [1024, 1 << 20])
def test_consecutive_frames_start_at_different_places(n_places):
    n_frames = min(n_places, 4096)
    assert len({place(3, index, n_places) for index in range(n_frames)}) == n_frames


def test_normal_noise_is_standard_along_both_axes():
    pool = NormalPool(5000, seed=1)
    frames = np.stack([pool.at(n) for n in range(200)])
    assert abs(frames.mean()) < 0.01
    assert frames.std() == pytest.approx(1, abs=0.01)
    assert np.abs(frames.mean(axis=0)).max() < 6 / np.sqrt(200)
    assert frames.std(axis=0) == pytest.approx(1, abs=0.3)
    np.testing.assert_array_equal(pool.at(7), NormalPool(5000, seed=1).at(7))


@pytest.fixture(scope="module")
def wanted():
    """Expected counts from none to 2000, (y, x), with a masked pixel."""
    means = np.geomspace(0.01, 2000, 40 * 50).reshape(40, 50)
    means[0, 0] = 0
    means[3, 3] = np.nan
    return means


@pytest.fixture(scope="module")
def counts(wanted):
    pool = PoissonPool(wanted, np.dtype("u4"), 2**32 - 2, fixed=2**32 - 1, seed=5)
    return np.stack([pool.at(n) for n in range(SHIFTS)]), pool


def test_levels_lie_close_to_what_was_asked_for(wanted, counts):
    _, pool = counts
    good = ~np.isnan(wanted)
    away = (pool.expected - wanted)[good] / np.sqrt(np.maximum(wanted[good], 0.01))
    assert np.abs(away).max() < 0.15
    assert np.isnan(pool.expected[3, 3])


def test_each_pixel_has_the_mean_and_variance_of_poisson(counts):
    frames, pool = counts
    good = ~np.isnan(pool.expected) & (pool.expected > 0)
    expected = pool.expected[good]
    mean = frames.mean(axis=0)[good]
    error = np.sqrt(expected / SHIFTS)
    assert np.abs((mean - expected) / error).max() < 6
    # Bright enough for the variance of a variance to be about 2 / n.
    bright = expected > 20
    ratio = frames.var(axis=0)[good][bright] / expected[bright]
    assert np.abs(ratio - 1).max() < 6 * np.sqrt(2 / SHIFTS)


def test_pixels_of_a_frame_are_independent(counts):
    frames, pool = counts
    row = pool.expected[30]
    scaled = (frames[:, 30] - row) / np.sqrt(row)
    neighbours = (scaled[:, 1:] * scaled[:, :-1]).mean(axis=0)
    assert np.abs(neighbours).max() < 6 / np.sqrt(SHIFTS)


def test_masked_pixels_read_the_fixed_value_and_counts_stop_at_the_largest(wanted):
    pool = PoissonPool(wanted, np.dtype("u1"), 254, fixed=255, seed=5)
    frame = pool.at(9)
    assert frame.dtype == np.uint8
    assert frame[3, 3] == 255
    assert frame[-1, -1] == 254
    assert (frame == 255).sum() == 1


def test_frames_are_new_arrays(wanted):
    pool = PoissonPool(wanted, np.dtype("u2"), 65534, fixed=65535, seed=5)
    pool.at(1)[:] = 0
    assert pool.at(1).any()
