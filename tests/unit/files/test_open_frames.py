import pickle

import h5py
import numpy as np
import pytest

from framepath.errors import FileMissing, FileUnreadable, LinkBroken, SettingsError
from framepath.files import frame_types, open_frames
from framepath.spec.frame_type import FrameType
from framepath.spec.reader import FrameStack
from unit.files.builders import eiger_master, frames, routed, store, virtual


@pytest.fixture
def plain(tmp_path):
    return store(tmp_path / "plain.h5", "/entry/data/data", frames(7))


def test_a_stack_is_what_the_protocol_asks(plain):
    with open_frames(plain) as stack:
        assert isinstance(stack, FrameStack)
        assert (stack.shape, stack.dtype, len(stack), stack.ndim) == ((7, 6, 8), "u2", 7, 3)
        assert (stack.size, stack.nbytes, stack.gaps) == (7 * 48, 7 * 96, ())
        np.testing.assert_array_equal(stack, frames(7))
        np.testing.assert_array_equal(list(stack), frames(7))
        np.testing.assert_array_equal(np.asarray(stack, "f4"), frames(7).astype("f4"))


def test_blocks_come_in_order_and_may_reuse_memory(plain):
    with open_frames(plain) as stack:
        blocks = list(stack.blocks(3))
        assert [len(block) for block in blocks] == [3, 3, 1]
        np.testing.assert_array_equal(np.concatenate(blocks), frames(7))
        buffer = np.empty((3, 6, 8), "u2")
        for n, block in enumerate(stack.blocks(3, out=buffer)):
            assert np.shares_memory(block, buffer)
            np.testing.assert_array_equal(block, frames(7)[3 * n : 3 * n + 3])
        with pytest.raises(SettingsError, match="at least one frame"):
            next(stack.blocks(0))
        with pytest.raises(SettingsError, match=r"found float32 \(3, 6, 8\); expected uint16"):
            next(stack.blocks(3, out=np.empty((3, 6, 8), "f4")))


def test_dask_reads_the_same_frames(plain):
    with open_frames(plain) as stack:
        lazy = stack.dask(2)
        assert lazy.chunks == ((2, 2, 2, 1), (6,), (8,))
        np.testing.assert_array_equal(lazy.compute(scheduler="threads"), frames(7))


def test_many_large_frames_are_read_by_several_threads(tmp_path):
    pixels = frames(12, 512, 512)
    path = store(tmp_path / "large.h5", "/entry/data/data", pixels, compression="gzip")
    with open_frames(path) as stack:
        np.testing.assert_array_equal(stack[:], pixels)
        np.testing.assert_array_equal(stack[::-2, 3:9], pixels[::-2, 3:9])


def test_a_pickled_stack_opens_the_file_again(plain, monkeypatch, tmp_path):
    monkeypatch.chdir(plain.parent)
    with open_frames("plain.h5") as stack:
        copy = pickle.dumps(stack)
    monkeypatch.chdir("/")
    with pickle.loads(copy) as again:
        np.testing.assert_array_equal(again[3], frames(7)[3])


def test_a_closed_stack_says_so(plain):
    stack = open_frames(plain)
    stack.close()
    with pytest.raises(ValueError, match="closed"):
        stack[0]


def test_frames_are_found_in_the_documented_order(tmp_path):
    path = store(tmp_path / "a.h5", "/other/stack", frames(2, first=3))
    with open_frames(path) as stack:
        assert (stack.source.address, stack[0, 0, 0]) == ("/other/stack", 300)
    store(path, "/exchange/data", frames(2, first=2))
    with open_frames(path) as stack:
        assert stack.source.address == "/exchange/data"
    store(path, "/entry/data/data", frames(2, first=1))
    with open_frames(path) as stack:
        assert stack.source.address == "/entry/data/data"
    with open_frames(path, "/other/stack") as stack:
        assert stack[0, 0, 0] == 300


def test_two_candidates_are_an_error_that_lists_both(tmp_path):
    path = store(tmp_path / "a.h5", "/one", frames(2))
    store(path, "/two", frames(2))
    with pytest.raises(FileUnreadable, match=r"/one \(2, 6, 8\), /two \(2, 6, 8\)"):
        open_frames(path)


def test_two_names_of_one_dataset_are_one_candidate(tmp_path):
    path = store(tmp_path / "a.h5", "/one", frames(2))
    with h5py.File(path, "a") as file:
        file["alias"] = file["one"]
        file["soft"] = h5py.SoftLink("/one")
    with open_frames(path) as stack:
        assert len(stack) == 2


def test_a_known_address_that_leads_nowhere_is_not_passed_over(tmp_path):
    path = store(tmp_path / "a.h5", "/exchange/data", frames(2))
    with h5py.File(path, "a") as file:
        file["entry/data/data"] = h5py.ExternalLink("gone.h5", "/x")
    with pytest.raises(LinkBroken, match=r"gone\.h5"):
        open_frames(path)


def test_a_single_image_is_a_stack_of_one_frame(tmp_path):
    path = store(tmp_path / "a.h5", "/entry/data/data", frames(1)[0], chunks=(6, 8))
    with open_frames(path) as stack:
        assert stack.shape == (1, 6, 8)
        np.testing.assert_array_equal(stack[0], frames(1)[0])


def test_a_file_without_frames_says_what_it_has(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["numbers"] = np.arange(4)
    with pytest.raises(FileUnreadable, match="no frames were found"):
        open_frames(tmp_path / "a.h5")
    with pytest.raises(FileUnreadable, match=r"'numbers'.*at .*/absent"):
        open_frames(tmp_path / "a.h5", "/absent")
    with pytest.raises(FileMissing, match="no such file"):
        open_frames(tmp_path / "b.h5")


def test_frame_types_of_a_routed_file(tmp_path):
    types = frame_types(routed(tmp_path / "r.h5"))
    assert types == {
        FrameType.IMAGE: "/entry/data/data",
        FrameType.DARK: "/entry/data/dark",
        FrameType.FLAT: "/entry/data/flat",
    }


def test_a_dataset_that_never_received_a_frame_holds_none(tmp_path):
    path = routed(tmp_path / "r.h5", images=5, darks=3, flats=0)
    with h5py.File(path) as file:
        assert file["entry/data/flat"].shape == (1, 6, 8)
    with open_frames(path, "/entry/data/flat") as stack:
        assert stack.shape == (0, 6, 8)
        assert stack[:].shape == (0, 6, 8)
        with pytest.raises(IndexError, match="out of range"):
            stack[0]
    with open_frames(path, "/entry/data/dark") as stack:
        np.testing.assert_array_equal(stack, frames(3, first=50))


def test_frames_promised_at_the_end_do_not_count_and_a_hole_is_an_error(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        dataset = file.create_dataset("data", (200, 6, 8), "u2", chunks=(1, 6, 8))
        for n in (0, 1, 3):
            dataset[n] = frames(1, first=n)[0]
    with open_frames(tmp_path / "a.h5") as stack:
        assert len(stack) == 4
        np.testing.assert_array_equal(stack[3], frames(4)[3])
        with pytest.raises(FileUnreadable, match="frame 2 was never written"):
            stack[:]


def test_frame_types_of_other_files(tmp_path):
    path = store(tmp_path / "x.h5", "/exchange/data", frames(2))
    store(path, "/exchange/data_white", frames(2))
    assert frame_types(path) == {
        FrameType.IMAGE: "/exchange/data",
        FrameType.FLAT: "/exchange/data_white",
    }
    assert frame_types(eiger_master(tmp_path)) == {FrameType.IMAGE: "/entry/data"}


def test_the_real_plugin_s_files(golden):
    path = golden / "b_routed_capture.h5"
    counts = {}
    for kind, address in frame_types(path).items():
        with open_frames(path, address) as stack, h5py.File(path) as file:
            np.testing.assert_array_equal(stack, file[address])
            counts[kind.name] = len(stack)
    assert counts == {"IMAGE": 4, "DARK": 3, "FLAT": 2}


def test_the_recorded_scan_through_its_external_link(recorded_scan):
    with open_frames(recorded_scan) as stack, h5py.File(recorded_scan) as file:
        assert stack.source.address == "/entry/imaging/data"
        assert stack.shape == (3201, 22, 26)
        np.testing.assert_array_equal(stack, file["/entry/imaging/data"])
    with pytest.raises(LinkBroken, match=r"k11-18014-EtherCAT\.h5.*/entry/EtherCAT/data"):
        open_frames(recorded_scan, "/entry/EtherCAT/data")


def test_every_kind_can_be_closed_twice(tmp_path):
    store(tmp_path / "a.h5", "/d", frames(2))
    virtual(tmp_path / "v.h5", [("a.h5", "/d", 2)])
    for path in (tmp_path / "a.h5", tmp_path / "v.h5", eiger_master(tmp_path)):
        stack = open_frames(path)
        stack[0]
        stack.close()
        stack.close()
        with h5py.File(path, "r+"):  # no handle is left that would hold a lock
            pass
