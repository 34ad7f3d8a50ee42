import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepath.errors import FileUnreadable, LinkBroken
from framepath.files import list_links, open_frames
from unit.files.builders import eiger_master, frames, store


def test_data_files_follow_each_other_in_numeric_order(tmp_path):
    with open_frames(eiger_master(tmp_path)) as stack:
        assert (stack.shape, stack.source.kind) == ((10, 6, 8), "Eiger data files")
        np.testing.assert_array_equal(stack, frames(10))
        assert stack.gaps == ()
    store(tmp_path / "more.h5", "/entry/data/data", frames(1, first=10))
    with h5py.File(tmp_path / "series_1_master.h5", "a") as master:
        for n in (4, 10):  # text order would put 10 before 4 if the numbers were not padded
            master[f"entry/data/data_{n}"] = h5py.ExternalLink("more.h5", "/entry/data/data")
    with open_frames(tmp_path / "series_1_master.h5") as stack:
        assert [gap.start for gap in stack.gaps] == [11, 15, 19, 23, 27]
        np.testing.assert_array_equal(stack[-1], frames(1, first=10)[0])


def test_links_directly_in_entry_are_old_firmware(tmp_path):
    store(tmp_path / "d.h5", "/entry/data", frames(2))
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["entry/data_000001"] = h5py.ExternalLink("d.h5", "/entry/data")
    with open_frames(tmp_path / "m.h5") as stack:
        np.testing.assert_array_equal(stack, frames(2))


def test_a_missing_file_in_the_middle_is_a_gap_of_known_size(tmp_path):
    master = eiger_master(tmp_path, (4, 0, 4, 2))
    with open_frames(master) as stack:
        assert len(stack) == 14
        (gap,) = stack.gaps
        assert (gap.start, gap.stop) == (4, 8)
        assert "series_1_data_000002.h5" in gap.reason
        np.testing.assert_array_equal(stack[8:], frames(6, first=8))
        for key in (4, slice(0, 14), slice(7, 9)):
            with pytest.raises(LinkBroken, match=r"series_1_data_000002\.h5.*data_000002"):
                stack[key]
    with pytest.raises(LinkBroken, match=r"1 files of this stack are missing.*000002"):
        open_frames(master, strict=True)


def test_files_that_an_aborted_series_never_wrote_hold_no_frames(tmp_path):
    with open_frames(eiger_master(tmp_path, (4, 1, 0, 0))) as stack:
        assert len(stack) == 5
        assert [(gap.start, gap.stop) for gap in stack.gaps] == [(5, 5), (5, 5)]
        np.testing.assert_array_equal(stack, frames(5))


def test_a_file_that_arrives_later_is_seen_on_refresh(tmp_path):
    master = eiger_master(tmp_path, (4, 0))
    with open_frames(master) as stack:
        assert (len(stack), len(stack.gaps)) == (4, 1)
        store(tmp_path / "series_1_data_000002.h5", "/entry/data/data", frames(3, first=4))
        assert stack.refresh() == 7
        assert stack.gaps == ()
        np.testing.assert_array_equal(stack, frames(7))


def test_a_number_without_a_link_is_a_gap(tmp_path):
    master = eiger_master(tmp_path, (2, 2, 2))
    with h5py.File(master, "a") as file:
        del file["entry/data/data_000002"]
    with open_frames(master) as stack:
        assert [(gap.start, gap.stop) for gap in stack.gaps] == [(2, 4)]
        assert "data_000002" in stack.gaps[0].reason


def test_no_file_at_all_names_the_first(tmp_path):
    with pytest.raises(LinkBroken, match=r"series_1_data_000001\.h5"):
        open_frames(eiger_master(tmp_path, (0, 0)))


def test_links_to_files_that_were_never_written_cost_one_look_each(tmp_path, monkeypatch):
    """Of 600 links, one leads to a file: two files are opened, few paths resolved."""
    master = eiger_master(tmp_path, (0,) * 600)
    store(tmp_path / "series_1_data_000300.h5", "/entry/data/data", frames(2))
    calls = Counter()

    def counted(name, real):
        def call(*args, **kwargs):
            calls[name] += 1
            return real(*args, **kwargs)

        return call

    monkeypatch.setattr(h5py, "File", counted("opened", h5py.File))
    monkeypatch.setattr(os.path, "realpath", counted("resolved", os.path.realpath))
    monkeypatch.setattr(os.path, "isfile", counted("looked", os.path.isfile))
    for use in (lambda path: open_frames(path).close(), list_links):
        calls.clear()
        use(master)
        assert calls["opened"] == 2
        assert calls["resolved"] < 20
        assert calls["looked"] < 600 * 4
    with open_frames(master) as stack:
        assert (len(stack), len(stack.gaps)) == (600, 599)
        np.testing.assert_array_equal(stack[598:], frames(2))
        with pytest.raises(LinkBroken) as caught:
            stack[0]
        assert str(caught.value) == stack.gaps[0].reason


def test_numbers_with_absurd_holes_are_an_error(tmp_path):
    master = eiger_master(tmp_path, (2, 2))
    with h5py.File(master, "a") as file:
        file["entry/data/data_99999999999"] = h5py.ExternalLink("x.h5", "/entry/data/data")
    with pytest.raises(FileUnreadable, match=r"3 links between data_000001 and data_99999999999"):
        open_frames(master)


def test_a_file_of_another_series_is_refused(tmp_path):
    master = eiger_master(tmp_path, (2, 0, 2))
    store(tmp_path / "series_1_data_000002.h5", "/entry/data/data", frames(2, 5, 5))
    with open_frames(master) as stack:
        assert "another kind" in stack.gaps[0].reason
        with pytest.raises(
            FileUnreadable, match=r"found uint16 \(5, 5\); expected uint16 \(6, 8\)"
        ):
            stack[2]


def test_more_files_than_are_held_open(tmp_path, monkeypatch):
    monkeypatch.setattr("framepath.files.parts.MAX_OPEN", 2)
    with open_frames(eiger_master(tmp_path, (2,) * 9)) as stack:
        np.testing.assert_array_equal(stack[::-1], frames(18)[::-1])
        assert h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE) == 3  # master and two
        order = np.random.default_rng(1).integers(0, 18, 200).tolist()
        with ThreadPoolExecutor(8) as pool:
            for number, pixels in zip(order, pool.map(stack.__getitem__, order), strict=True):
                np.testing.assert_array_equal(pixels, frames(1, first=number)[0])


def test_stored_chunks_are_those_of_the_data_file(tmp_path):
    from framepath.codecs import decode

    with open_frames(eiger_master(tmp_path)) as stack:
        chunk = stack.stored_chunk(5)
        encoding = chunk.encoding
        pixels = decode(encoding.codec, chunk.payload, encoding.shape, encoding.dtype)
        np.testing.assert_array_equal(pixels, frames(6)[5])
        assert stack.stored_chunk(-1).payload.size > 0
        with pytest.raises(IndexError):
            stack.stored_chunk(10)


@given(sizes=st.lists(st.integers(0, 3), min_size=1, max_size=5).filter(any), data=st.data())
@settings(max_examples=25, deadline=None)
def test_whatever_is_missing_the_rest_is_right(tmp_path_factory, sizes, data):
    full = max(sizes)
    last = max(n for n, size in enumerate(sizes) if size)
    sizes = [size and full for size in sizes[:last]] + sizes[last:]
    with open_frames(eiger_master(tmp_path_factory.mktemp("series"), tuple(sizes))) as stack:
        missing = {f for gap in stack.gaps for f in range(gap.start, gap.stop)}
        assert len(stack) == last * full + sizes[last]
        frame = data.draw(st.integers(0, len(stack) - 1))
        if frame in missing:
            with pytest.raises(LinkBroken):
                stack[frame]
        else:
            np.testing.assert_array_equal(stack[frame], frames(1, first=frame)[0])
