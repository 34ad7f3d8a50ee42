"""Single, Capture and Stream; when the file is made and what it holds with few or no frames."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from framepath.errors import FrameRefused, SettingsError, WriteFailed
from framepath.layout.model import Mode
from framepath.spec.ledger import Fate
from framepath.writing import FileWriteMode, RoutedWriter, WriterSettings
from unit.writing.recipes import ONE_DATASET, ROUTED, frame, number, routed_series, sent_to, text

COMPAT, STRICT = Mode.COMPAT, Mode.STRICT


def pixels_of(path, address="/entry/data"):
    with h5py.File(path) as file:
        return file[address][()]


def test_the_file_is_made_by_the_first_frame(tmp_path):
    path = tmp_path / "lazy.h5"
    with RoutedWriter(path, ONE_DATASET) as writer:
        assert not path.exists()
        assert not writer.is_open
        writer.write(frame(0))
        assert path.exists()
        assert writer.is_open
    assert pixels_of(path)[:, 0, 0].tolist() == [1]


def test_no_frame_and_no_open_make_no_file(tmp_path):
    with RoutedWriter(tmp_path / "none.h5", ONE_DATASET):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("mode", "n_frames"), [(COMPAT, 1), (STRICT, 0)])
@pytest.mark.parametrize("swmr", [False, True])
def test_an_opened_file_without_frames(tmp_path, mode, n_frames, swmr):
    path = tmp_path / "empty.h5"
    settings = WriterSettings(mode=mode, fill_value=7, swmr=swmr)
    with RoutedWriter(path, ONE_DATASET, settings) as writer:
        writer.open(frame(41, number("Theta", 1.5), text("Note", "there")))
    with h5py.File(path) as file:
        assert file["/entry/data"].shape == (n_frames, 4, 6)
        assert (file["/entry/data"][()] == 7).all()
        assert file["/entry/attributes/Theta"].shape == (n_frames,)
        assert file["/entry/attributes/NDArrayUniqueId"][()].tolist() == [0] * n_frames
        assert file["/entry/attributes/Note"][()].tolist() == [b""] * n_frames


@pytest.mark.parametrize(("mode", "n_frames"), [(COMPAT, 1), (STRICT, 0)])
def test_a_dataset_that_gets_no_frame(tmp_path, mode, n_frames):
    path = tmp_path / "dark.h5"
    with RoutedWriter(path, ROUTED, WriterSettings(mode=mode)) as writer:
        writer.write(sent_to(0, "/entry/data/dark"))
    assert pixels_of(path, "/entry/data/dark").shape == (1, 4, 6)
    assert pixels_of(path, "/entry/data/data").shape == (n_frames, 4, 6)
    assert writer.counts == {"/entry/data/dark": 1, "/entry/data/data": 0, "/entry/data/flat": 0}


@pytest.mark.parametrize("mode", [COMPAT, STRICT])
def test_single_mode_holds_one_frame_without_a_frame_axis(tmp_path, mode):
    path = tmp_path / "single.h5"
    settings = WriterSettings(mode=mode, write_mode=FileWriteMode.SINGLE)
    with RoutedWriter(path, ONE_DATASET, settings) as writer:
        writer.write(frame(0))
        assert writer.is_complete
        if mode is STRICT:
            with pytest.raises(FrameRefused, match="complete"):
                writer.write(frame(1))
        else:
            assert writer.write(frame(1)).fate is Fate.REFUSED
    np.testing.assert_array_equal(pixels_of(path), np.full((4, 6), 1))
    with h5py.File(path) as file:
        assert file["/entry/attributes/NDArrayUniqueId"][()].tolist() == [1]
        assert file["/entry/attributes/NDArrayUniqueId"].chunks == (1,)
    assert (writer.n_received, writer.n_stored, writer.n_refused) == (2, 1, 1)


@pytest.mark.parametrize("mode", [COMPAT, STRICT])
def test_num_capture_limits_the_file(tmp_path, mode):
    path = tmp_path / "three.h5"
    settings = WriterSettings(mode=mode, num_capture=3, unlimited=False)
    with RoutedWriter(path, ONE_DATASET, settings) as writer:
        for i in range(3):
            assert not writer.is_complete
            writer.write(frame(i))
        assert writer.is_complete
        if mode is STRICT:
            with pytest.raises(FrameRefused):
                writer.write(frame(3))
        else:
            writer.write(frame(3))
    with h5py.File(path) as file:
        assert file["/entry/data"].shape == (3, 4, 6)
        assert file["/entry/data"].maxshape == (3, 4, 6)
        if mode is STRICT:
            last = file["/framepath/ledger"][3]
            assert (last["unique_id"], last["fate"]) == (4, Fate.REFUSED)
            assert b"complete" in last["reason"]
    assert writer.n_refused == 1


def test_num_capture_of_nothing_is_without_limit(tmp_path):
    path = tmp_path / "endless.h5"
    with RoutedWriter(path, ONE_DATASET, WriterSettings(mode=COMPAT, unlimited=False)) as writer:
        for i in range(5):
            writer.write(frame(i))
    with h5py.File(path) as file:
        assert file["/entry/data"].shape == (5, 4, 6)
        assert file["/entry/data"].maxshape == (None, 4, 6)
        assert file["/entry/attributes/NDArrayUniqueId"].chunks == (16384,)


@pytest.mark.parametrize("num_capture", [2**31, -1])
def test_num_capture_beyond_an_int32_is_refused(tmp_path, num_capture):
    with pytest.raises(SettingsError, match="num_capture"):
        RoutedWriter(tmp_path / "no.h5", "", WriterSettings(num_capture=num_capture))


def test_a_huge_num_capture_needs_an_attribute_chunk_in_compat(tmp_path):
    path = tmp_path / "huge.h5"
    most = 2**31 - 1
    with pytest.raises(SettingsError, match="ndattribute_chunk"):
        RoutedWriter(path, "", WriterSettings(mode=COMPAT, num_capture=most))
    settings = WriterSettings(mode=COMPAT, num_capture=most, ndattribute_chunk=100, unlimited=False)
    with RoutedWriter(path, ONE_DATASET, settings) as writer:
        writer.write(frame(0))
    with h5py.File(path) as file:
        assert file["/entry/data"].shape == (1, 4, 6)
        assert file["/entry/data"].maxshape == (most, 4, 6)


class TestCapture:
    settings = WriterSettings(write_mode=FileWriteMode.CAPTURE, num_capture=9)

    def test_nothing_is_on_disk_until_it_is_asked_for(self, tmp_path):
        path = tmp_path / "captured.h5"
        with RoutedWriter(path, ROUTED, self.settings) as writer:
            promised = [writer.write(one) for one in routed_series(9)]
            assert not path.exists()
            assert (writer.n_held, writer.n_stored) == (9, 0)
            written = writer.write_captured()
        where = [(row.destination, row.index) for row in written]
        assert where == [(row.destination, row.index) for row in promised]
        assert pixels_of(path, "/entry/data/dark")[:, 0, 0].tolist() == [2, 5, 8]
        assert (writer.n_held, writer.n_stored) == (0, 9)

    def test_held_frames_are_written_when_the_writer_is_closed(self, tmp_path):
        path = tmp_path / "closed.h5"
        with RoutedWriter(path, ROUTED, self.settings) as writer:
            for one in routed_series(3):
                writer.write(one)
        assert writer.n_stored == 3

    def test_frames_can_be_discarded_on_purpose(self, tmp_path):
        with RoutedWriter(tmp_path / "none.h5", ROUTED, self.settings) as writer:
            for one in routed_series(3):
                writer.write(one)
            assert writer.discard_captured() == 3
            with pytest.raises(WriteFailed, match="no captured frames"):
                writer.write_captured()
        assert list(tmp_path.iterdir()) == []

    def test_a_frame_of_another_size_never_changes_the_file(self, tmp_path):
        path = tmp_path / "mixed.h5"
        settings = WriterSettings(
            mode=COMPAT, write_mode=FileWriteMode.CAPTURE, num_capture=4, unlimited=False
        )
        with RoutedWriter(path, ONE_DATASET, settings) as writer:
            writer.write(frame(0))
            assert writer.write(frame(1, shape=(4, 3))).fate is Fate.REFUSED
            writer.write(frame(2))
            writer.write_captured()
        assert pixels_of(path)[:, 0, 0].tolist() == [1, 3]
        assert (writer.n_received, writer.n_stored, writer.n_refused) == (3, 2, 1)

    def test_the_performance_table_is_empty_in_compat_only(self, tmp_path):
        for mode, rows in ((COMPAT, 0), (STRICT, 3)):
            path = tmp_path / f"{mode}.h5"
            settings = WriterSettings(mode=mode, write_mode=FileWriteMode.CAPTURE, num_capture=3)
            with RoutedWriter(path, ROUTED, settings) as writer:
                for one in routed_series(3):
                    writer.write(one)
            assert pixels_of(path, "/entry/performance/timestamp").shape == (rows, 5)

    def test_without_a_limit(self, tmp_path):
        endless = {"write_mode": FileWriteMode.CAPTURE, "num_capture": 0}
        with pytest.raises(SettingsError, match="limit"):
            RoutedWriter(tmp_path / "no.h5", ROUTED, WriterSettings(**endless))
        with RoutedWriter(
            tmp_path / "no.h5", ROUTED, WriterSettings(mode=COMPAT, **endless)
        ) as writer:
            assert writer.write(next(routed_series())).fate is Fate.REFUSED


def test_a_temporary_suffix_is_there_until_the_file_is_closed(tmp_path):
    path = tmp_path / "named.h5"
    with RoutedWriter(path, ONE_DATASET, WriterSettings(temp_suffix=".tmp")) as writer:
        writer.write(frame(0))
        assert [p.name for p in tmp_path.iterdir()] == ["named.h5.tmp"]
        assert writer.path == path
    assert [p.name for p in tmp_path.iterdir()] == ["named.h5"]


def test_a_closed_writer_takes_nothing(tmp_path):
    writer = RoutedWriter(tmp_path / "closed.h5", ONE_DATASET)
    writer.write(frame(0))
    writer.close()
    writer.close()
    with pytest.raises(WriteFailed, match="closed"):
        writer.write(frame(1))
    assert writer.n_stored == 1
