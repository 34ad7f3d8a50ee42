from dataclasses import replace

import numpy as np
import pytest

from framepath.scenes import Absorption, frame_index
from framepath.scenes.index_code import CODE_PIXELS
from framepath.scenes.phantom import Ellipsoid, path_integral
from framepath.spec.frame_type import FrameType

EXPOSURE_S = 0.1


@pytest.fixture(scope="module")
def scene():
    return Absorption(shape_yx=(120, 160), n_hot=10)


def mean(scene, frame_type, n_frames=50, theta_deg=0.0):
    frames = (scene.frame(n, frame_type, EXPOSURE_S, theta_deg) for n in range(n_frames))
    return sum(frame.astype(float) for frame in frames) / n_frames


def test_correction_recovers_the_transmission(scene):
    image, dark, flat = (
        mean(scene, t, theta_deg=30.0) for t in (FrameType.IMAGE, FrameType.DARK, FrameType.FLAT)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (image - dark) / (flat - dark)
    good = flat < 60000  # not the hot pixels
    good[0, :CODE_PIXELS] = False
    assert good.mean() > 0.99
    wanted = scene.transmission(30.0)
    assert np.abs(found - wanted)[good].max() < 0.02
    assert np.abs((found - wanted)[good].mean()) < 2e-4
    assert wanted.min() < 0.4  # there is something to recover


@pytest.mark.parametrize("frame_type", [FrameType.IMAGE, FrameType.DARK, FrameType.FLAT])
def test_noise_follows_the_light(scene, frame_type):
    frames = np.stack([scene.frame(n, frame_type, EXPOSURE_S) for n in range(200)]).astype(float)
    expected = scene.expected(frame_type, EXPOSURE_S)
    good = expected < 60000
    good[0, :CODE_PIXELS] = False
    photons = (expected - scene.offset).clip(0) / scene.electrons_per_count
    variance = photons + scene.readout_noise**2 + 1 / 12  # the last from whole counts
    ratio = frames.var(axis=0)[good] / variance[good]
    assert ratio.mean() == pytest.approx(1, abs=0.01)
    error = np.sqrt(variance / 200)
    # Expected counts lie half a count higher than counts, which are cut.
    assert np.abs((frames.mean(axis=0) - (expected - 0.5)) / error)[good].max() < 6


def test_dark_has_rows_columns_and_hot_pixels_but_no_light(scene):
    dark = mean(scene, FrameType.DARK)
    body = np.delete(dark, 0, axis=0)
    assert np.median(body) == pytest.approx(scene.offset + 3 + scene.dark_per_s * EXPOSURE_S, abs=5)
    rows = np.median(body, axis=1)
    assert np.abs(np.diff(rows)).mean() > 3
    assert (body > 5 * scene.offset).sum() in range(3, scene.n_hot + 1)


def test_hot_pixels_are_the_same_in_every_frame(scene):
    hot = [set(np.flatnonzero(scene.frame(n, FrameType.DARK, 1.0) > 2000)) for n in range(3)]
    assert hot[0]
    assert hot[0] == hot[1] == hot[2]


def test_bright_pixels_stop_at_the_maximum_of_the_type(scene):
    assert scene.frame(0, FrameType.FLAT, 10.0).max() == 65535
    small = scene.frame(0, FrameType.FLAT, 10.0, dtype=np.dtype("u1"))
    assert small.dtype == np.uint8
    assert small.max() == 255
    wide = scene.frame(0, FrameType.FLAT, 100.0, dtype=np.dtype("i4"))
    assert 1e6 < wide.max() <= 2**31 - 1
    assert scene.frame(0, FrameType.FLAT, 10.0, dtype=np.dtype("f4")).max() > 65535


def test_sample_turns_and_comes_back(scene):
    start, turned, back = (scene.transmission(theta) for theta in (0.0, 90.0, 360.0))
    assert np.abs(start - turned).max() > 0.1
    np.testing.assert_allclose(start, back, atol=1e-4)
    # A parallel beam sees the mirror image from behind.
    np.testing.assert_allclose(scene.transmission(180.0), start[:, ::-1], atol=1e-3)


def test_frames_carry_their_index_and_repeat_exactly(scene):
    again = replace(scene)
    for index in (0, 1, 2**20 + 3):
        frame = scene.frame(index, FrameType.IMAGE, EXPOSURE_S)
        assert frame_index(frame) == index
        np.testing.assert_array_equal(frame, again.frame(index, FrameType.IMAGE, EXPOSURE_S))
    assert (scene.frame(0) != scene.frame(1)).mean() > 0.9


def test_another_seed_is_another_camera(scene):
    assert (replace(scene, seed=9).frame(0) != scene.frame(0)).mean() > 0.9


def test_path_through_a_sphere_is_its_chord():
    sphere = Ellipsoid((0.0, 0.0, 0.0), (0.4, 0.4, 0.4), density=2.0)
    path = path_integral((101, 101), 37.0, (sphere,))
    assert path[50, 50] == pytest.approx(2 * 0.8, rel=1e-4)
    u = 20 / 101
    assert path[50, 70] == pytest.approx(2 * 2 * np.sqrt(0.4**2 - u**2), rel=1e-4)
    assert path[50, 95] == 0
    # All its mass: density times volume, in units of the frame's height.
    assert path.sum() / 101**2 == pytest.approx(2 * 4 / 3 * np.pi * 0.4**3, rel=2e-3)


def test_mass_does_not_change_as_the_sample_turns():
    bodies = (Ellipsoid((0.1, 0.0, 0.05), (0.2, 0.3, 0.1), 1.0, 30.0),)
    masses = [path_integral((200, 200), theta, bodies).sum() for theta in (0, 45, 90, 200)]
    np.testing.assert_allclose(masses, masses[0], rtol=2e-3)


def test_a_body_outside_the_frame_casts_no_shadow():
    away = (Ellipsoid((3.0, 0.0, 0.0), (0.2, 0.3, 0.1), 1.0),)
    assert not path_integral((50, 60), 0.0, away).any()
