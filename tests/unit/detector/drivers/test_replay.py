import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framepath.detector.drivers.replay import Replay, ReplayOrder
from framepath.detector.drivers.replay_source import open_recording
from framepath.errors import FileUnreadable, FramesLost, LinkBroken
from framepath.spec.frame_type import FrameType
from unit.detector.drivers.cameras import TableCamera

SHAPE_YX = (6, 8)


def stack(n_frames, first=0, dtype="u2"):
    """Frames whose every pixel is their index."""
    frames = np.empty((n_frames, *SHAPE_YX), dtype)
    frames[:] = np.arange(first, first + n_frames).reshape(-1, 1, 1)
    return frames


@pytest.fixture
def nxtomo(tmp_path):
    """An NXtomo file whose frames lie in another file."""
    with h5py.File(tmp_path / "frames.h5", "w") as file:
        file["entry/data/data"] = stack(9)
    path = tmp_path / "tomo.nxs"
    with h5py.File(path, "w") as file:
        entry = file.create_group("tomo")
        entry["definition"] = "NXtomo"
        entry["instrument/detector/image_key"] = np.array([1, 1, 2, 0, 0, 0, 0, 1, 2], "i4")
        entry["instrument/detector/data"] = h5py.ExternalLink("frames.h5", "entry/data/data")
        entry["sample/rotation_angle"] = np.linspace(0, 90, 9)
        entry["instrument/beam"] = h5py.ExternalLink("nowhere.h5", "/entry/beam")
    return path


@pytest.fixture
def exchange(tmp_path):
    path = tmp_path / "exchange.h5"
    with h5py.File(path, "w") as file:
        file["exchange/data"] = stack(4)
        file["exchange/data_white"] = stack(2, 100)
        file["exchange/data_dark"] = stack(3, 200)
        file["exchange/theta"] = [0.0, 45.0, 90.0, 135.0]
    return path


def test_nxtomo_gives_types_and_angles(nxtomo):
    with open_recording(nxtomo) as recording:
        assert len(recording) == 9
        assert [recording.pixels(n)[2, 3] for n in range(9)] == list(range(9))
        keys = [recording.frame_type(n).image_key for n in range(9)]
        assert keys == [1, 1, 2, 0, 0, 0, 0, 1, 2]
        assert recording.theta_deg(8) == 90.0


def test_data_exchange_plays_flats_darks_and_images(exchange):
    with open_recording(exchange) as recording:
        values = [recording.pixels(n)[0, 0] for n in range(len(recording))]
        assert values == [100, 101, 200, 201, 202, 0, 1, 2, 3]
        types = [recording.frame_type(n) for n in range(len(recording))]
        assert types == [FrameType.FLAT] * 2 + [FrameType.DARK] * 3 + [FrameType.IMAGE] * 4
        angles = [recording.theta_deg(n) for n in range(len(recording))]
        np.testing.assert_array_equal(angles, [np.nan] * 5 + [0, 45, 90, 135])


def test_plain_stack_says_nothing_of_types_or_angles(tmp_path):
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file["here/they/are"] = stack(3, dtype="f4")
        file["elsewhere"] = stack(2)
    with open_recording(tmp_path / "plain.h5", "/here/they/are") as recording:
        assert (len(recording), recording.dtype) == (3, np.float32)
        assert recording.frame_type(0) is None
        assert recording.of_type(FrameType.IMAGE) == [0, 1, 2]
        assert np.isnan(recording.theta_deg(0))


def test_columns_can_be_named(tmp_path):
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["raw"] = stack(3)
        file["keys"] = [0, 2, 0]
        file["turn"] = [1.0, 2.0, 3.0]
    with open_recording(tmp_path / "own.h5", "/raw", "/keys", "/turn") as recording:
        assert recording.of_type(FrameType.DARK) == [1]
        assert recording.theta_deg(2) == 3.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"address": "/nothing"}, "nothing"),
        ({"address": "/raw", "image_key": "/turn"}, "one value for each frame"),
        ({"address": "/raw", "image_key": "/keys"}, "0 projection, 1 flat, 2 dark, 3 invalid"),
        ({"address": "/raw", "theta": "/absent"}, "/absent"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, arguments, words):
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["raw"] = stack(3)
        file["keys"] = [0, 7, 0]
        file["turn"] = [1.0, 2.0]
    with pytest.raises(FileUnreadable, match=words):
        open_recording(tmp_path / "own.h5", **arguments)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileUnreadable, match=r"absent\.h5"):
        open_recording(tmp_path / "absent.h5")


def test_a_link_that_leads_nowhere_is_named(nxtomo):
    (nxtomo.parent / "frames.h5").unlink()
    with pytest.raises(LinkBroken, match=r"frames\.h5"):
        open_recording(nxtomo, "/tomo/instrument/detector/data")


def test_recorded_scan_comes_bit_for_bit(recorded_scan):
    with h5py.File(recorded_scan) as file, open_recording(recorded_scan) as recording:
        stored = file["/entry/imaging/data"][:]
        keys = file["/entry/instrument/imaging/image_key"][:]
        theta = file["/entry/imaging/gts_theta_value"][:]
        assert len(recording) == len(stored) == 3201
        camera = TableCamera(Replay(recording))
        for index, exposure in enumerate(camera.acquire(3201)):
            assert np.array_equal(exposure.pixels, stored[index])
            assert exposure.pixels.dtype == stored.dtype
            assert exposure.frame_type == FrameType.of_image_key(keys[index])
            assert exposure.parameters["THETA"] == theta[index]


def test_frames_go_on_over_acquisitions_until_the_end(nxtomo):
    with open_recording(nxtomo) as recording:
        camera = TableCamera(Replay(recording))
        played = [e.parameters["REPLAY_INDEX"] for n in (2, 4, 5) for e in camera.acquire(n)]
        assert played == list(range(9))
        with pytest.raises(FramesLost, match=r"9 frames played.*ReplayRewind"):
            camera.acquire(1)
        camera.put(ReplayRewind=1)
        assert camera.acquire(1)[0].parameters["REPLAY_INDEX"] == 0


def test_looping_never_ends(nxtomo):
    with open_recording(nxtomo) as recording:
        camera = TableCamera(Replay(recording, loop=True))
        played = [e.parameters["REPLAY_INDEX"] for e in camera.acquire(20)]
        assert played == [n % 9 for n in range(20)]


def test_by_frame_type_plays_what_the_client_asks_for(nxtomo):
    with open_recording(nxtomo) as recording:
        camera = TableCamera(Replay(recording, order=ReplayOrder.BY_FRAME_TYPE))
        played = {}
        for frame_type in (FrameType.IMAGE, FrameType.DARK, FrameType.FLAT):
            camera.put(FrameType=int(frame_type))
            exposures = camera.acquire(10)
            assert {e.frame_type for e in exposures} == {frame_type}
            played[frame_type] = [e.parameters["REPLAY_INDEX"] for e in exposures]
        assert played == {
            FrameType.IMAGE: [3, 4, 5, 6],
            FrameType.DARK: [2, 8],
            FrameType.FLAT: [0, 1, 7],
        }
        with pytest.raises(FramesLost, match="FlatField"):
            camera.acquire(1)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.lists(st.sampled_from([0, 1, 2, 3]), min_size=1, max_size=20), data=st.data())
def test_every_frame_is_played_once_in_either_order(tmp_path, keys, data):
    path = tmp_path / "keys.h5"
    with h5py.File(path, "w") as file:
        file["raw"] = stack(len(keys))
        file["keys"] = keys
    with open_recording(path, "/raw", "/keys") as recording:
        camera = TableCamera(Replay(recording, order=ReplayOrder.BY_FRAME_TYPE))
        asked = data.draw(st.permutations([FrameType.of_image_key(key) for key in keys]))
        played = []
        for frame_type in asked:
            camera.put(FrameType=int(frame_type))
            (exposure,) = camera.acquire(1)
            assert exposure.frame_type is frame_type
            played.append(int(exposure.pixels[0, 0]))
        assert sorted(played) == list(range(len(keys)))
        for frame_type in FrameType:
            of_type = [n for n in played if recording.frame_type(n) is frame_type]
            assert of_type == sorted(of_type)


def test_colour_frames_are_announced(tmp_path):
    with h5py.File(tmp_path / "rgb.h5", "w") as file:
        file["raw"] = np.arange(2 * 6 * 8 * 3, dtype="u1").reshape(2, 6, 8, 3)
    with open_recording(tmp_path / "rgb.h5", "/raw") as recording:
        driver = Replay(recording)
        assert driver.info.size_yx == SHAPE_YX
        assert driver.info.initial["ColorMode"] == 1
        assert TableCamera(driver).expose().pixels.shape == (6, 8, 3)


def test_rate_sets_period_and_exposure(nxtomo):
    with open_recording(nxtomo) as recording:
        camera = TableCamera(Replay(recording, rate_hz=200.0))
        assert camera["AcquirePeriod"] == 0.005
        assert camera["AcquireTime"] < 0.005


def test_pixels_that_area_detector_does_not_have_are_refused(tmp_path):
    with h5py.File(tmp_path / "complex.h5", "w") as file:
        file["raw"] = np.zeros((2, 3, 4), "f2")
    with (
        open_recording(tmp_path / "complex.h5", "/raw") as recording,
        pytest.raises(FileUnreadable, match="float16"),
    ):
        Replay(recording)
