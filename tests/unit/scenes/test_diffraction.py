from dataclasses import replace

import numpy as np
import pytest

from framepath.scenes import Diffraction, frame_index
from framepath.scenes.diffraction import sentinel
from framepath.scenes.index_code import CODE_PIXELS
from framepath.scenes.powder import Geometry, ring_radii
from framepath.scenes.sensor import MaskBit, gap_lines, gaps
from framepath.spec.frame_type import FrameType

EXPOSURE_S = 0.05


@pytest.fixture(scope="module")
def scene():
    return Diffraction()


@pytest.fixture(scope="module")
def frame(scene):
    return scene.frame(3, FrameType.IMAGE, EXPOSURE_S)


def test_size_is_that_of_the_detector_and_the_index_is_in_the_corner(frame):
    assert frame.shape == (514, 1030)
    assert frame.dtype == np.uint16
    assert frame_index(frame) == 3


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4"])
def test_masked_pixels_read_the_maximum_and_no_other_does(scene, dtype):
    frame = scene.frame(0, FrameType.IMAGE, EXPOSURE_S, np.dtype(dtype))
    masked = scene.pixel_mask != 0
    np.testing.assert_array_equal(frame == np.iinfo(frame.dtype).max, masked)


def test_gaps_lie_between_the_chips(scene):
    silent = (scene.pixel_mask & MaskBit.GAP) != 0
    np.testing.assert_array_equal(np.flatnonzero(silent.all(axis=1)), [256, 257])
    columns = [256, 257, 514, 515, 772, 773]
    np.testing.assert_array_equal(np.flatnonzero(silent.all(axis=0)), columns)


@pytest.mark.parametrize(
    ("shape_yx", "n_rows", "n_columns"),
    [
        ((512, 1028), 0, 0),  # EIGER2 500K
        ((1062, 1028), 38, 0),  # EIGER2 1M
        ((2162, 2068), 3 * 38, 12),  # EIGER2 4M
        ((2167, 2070), 3 * 37, 10),  # EIGER1 4M
        ((100, 100), 0, 0),
    ],
)
def test_gaps_between_modules(shape_yx, n_rows, n_columns):
    found = gaps(shape_yx)
    assert found.all(axis=1).sum() == n_rows
    assert found.all(axis=0).sum() == n_columns
    assert found.sum() == n_rows * shape_yx[1] + n_columns * (shape_yx[0] - n_rows)


def test_gap_lines_are_inside_the_axis():
    assert gap_lines(1062, 512, 38) == [slice(512, 550)]
    assert gap_lines(600, 512, 38) == []


def test_rings_have_the_radii_of_lanthanum_hexaboride(scene):
    expected = scene.expected(FrameType.IMAGE, 1.0, np.dtype("u4"))
    centre_y, centre_x = scene.placed.centre_yx
    along = expected[int(centre_y) + 1, int(centre_x) + 1 :]
    for radius, _ in ring_radii(scene.placed)[:4]:
        near = along[int(radius) - 12 : int(radius) + 12]
        assert np.nanargmax(near) == pytest.approx(11, abs=2)


def test_rings_grow_with_distance_and_wavelength():
    near = ring_radii(Geometry(0.1, 0.62, (0, 0)))
    assert ring_radii(Geometry(0.2, 0.62, (0, 0)))[0][0] == pytest.approx(2 * near[0][0])
    assert ring_radii(Geometry(0.1, 1.0, (0, 0)))[0][0] > near[0][0]
    # sin(theta) = wavelength / 2d: the 100 reflection of LaB6, by hand.
    theta = np.arcsin(0.62 / (2 * 4.1569))
    assert near[0][0] == pytest.approx(0.1 * np.tan(2 * theta) / 75e-6)


def test_counts_are_poisson(scene):
    frames = np.stack(
        [scene.frame(n, FrameType.IMAGE, EXPOSURE_S)[100:140, 300:400] for n in range(400)]
    ).astype(float)
    expected = scene.expected(FrameType.IMAGE, EXPOSURE_S)[100:140, 300:400]
    good = expected > 0.5
    error = np.sqrt(expected[good] / 400)
    assert np.abs((frames.mean(axis=0)[good] - expected[good]) / error).max() < 6
    assert (frames.var(axis=0)[good] / expected[good]).mean() == pytest.approx(1, abs=0.02)


def test_beam_stop_and_its_arm_shade_the_middle(scene):
    expected = scene.expected(FrameType.IMAGE, 1.0)
    y, x = (int(c) for c in scene.placed.centre_yx)
    beside = np.nanmedian(expected[y - 45 : y - 35, x - 5 : x + 5])
    assert expected[y, x] < 0.05 * beside
    assert np.nanmedian(expected[y - 18 : y - 14, x - 202 : x - 198]) < 0.3 * beside


def test_hot_pixels_count_too_much_in_every_frame(scene):
    dark = scene.frame(0, FrameType.DARK, 1.0)
    masked = scene.pixel_mask != 0
    hot = (dark > 500) & ~masked
    assert hot.sum() in range(scene.n_hot // 2, scene.n_hot + 1)
    again = (scene.frame(1, FrameType.DARK, 1.0) > 500) & ~masked
    np.testing.assert_array_equal(hot, again)
    assert (dark[~masked] == 0).mean() > 0.99


def test_flat_is_even(scene):
    flat = scene.frame(0, FrameType.FLAT, EXPOSURE_S).astype(float)
    flat[(scene.pixel_mask != 0) | (flat > 1000)] = np.nan
    flat[0, :CODE_PIXELS] = np.nan
    halves = np.nanmean(flat[:, :515]), np.nanmean(flat[:, 515:])
    assert halves[0] == pytest.approx(halves[1], rel=0.01)
    assert halves[0] == pytest.approx(0.5 * scene.photons_per_s * EXPOSURE_S, rel=0.02)


def test_counts_stop_at_the_cut_off():
    scene = Diffraction(shape_yx=(64, 80), count_cutoff=40)
    frame = scene.frame(0, FrameType.IMAGE, 1.0, np.dtype("u4"))
    valid = frame[scene.pixel_mask == 0]
    assert valid.max() == 40


def test_mask_can_be_left_off():
    scene = Diffraction(shape_yx=(514, 1030), mask_applied=False)
    frame = scene.frame(0, FrameType.IMAGE, EXPOSURE_S)
    silent = (scene.pixel_mask & (MaskBit.GAP | MaskBit.DEAD)) != 0
    assert not frame[silent].any()
    noisy = (scene.pixel_mask & MaskBit.NOISY) != 0
    assert frame[noisy].any()
    assert frame.max() < 65535


@pytest.mark.parametrize(("dtype", "value"), [("u1", 255), ("u2", 65535), ("u4", 4294967295)])
def test_sentinel(dtype, value):
    assert sentinel(np.dtype(dtype)) == value


def test_frames_repeat_exactly_and_differ(scene):
    np.testing.assert_array_equal(scene.frame(5), replace(scene).frame(5))
    assert (scene.frame(5) != scene.frame(6)).mean() > 0.3
