"""Reading a file while it is written."""

from __future__ import annotations

import time

import h5py
import hdf5plugin  # noqa: F401  (registers the filters that the reader needs)
import numpy as np
import pytest

from framepath.writing import Compression, RoutedWriter, WriterSettings
from unit.writing.other_process import SHAPE_YX, process, try_to_write, write_when_told
from unit.writing.recipes import ONE_DATASET, frame

DEADLINE_S = 20


def answer(connection):
    assert connection.poll(DEADLINE_S), "the other process does not answer"
    return connection.recv()


def seen(data) -> list[int]:
    data.refresh()
    return data[:, 0, 0].tolist()


@pytest.mark.parametrize("compression", [Compression.NONE, Compression.BSLZ4, Compression.ZLIB])
@pytest.mark.parametrize("workers", [0, 2])
def test_every_flushed_frame_is_seen_at_once(tmp_path, compression, workers):
    path = tmp_path / "live.h5"
    settings = WriterSettings(
        swmr=True, flush_every_frames=2, compression=compression, compress_workers=workers
    )
    with process(write_when_told, str(path), settings) as (_, writer):
        writer.send(2)
        assert answer(writer) == 2
        with h5py.File(path, "r", swmr=True) as file:
            data, ids = file["/entry/data"], file["/entry/attributes/NDArrayUniqueId"]
            for n_more, flushed in ((0, 2), (2, 4), (5, 8), (1, 10)):
                writer.send(n_more)
                assert answer(writer) == flushed
                assert seen(data) == list(range(1, flushed + 1))
                np.testing.assert_array_equal(data[-1], np.full(SHAPE_YX, flushed))
                ids.refresh()
                assert ids[()].tolist() == list(range(1, flushed + 1))
        writer.send(None)
        assert answer(writer) == "closed"
    with h5py.File(path) as file:
        assert len(file["/entry/data"]) == 10


def test_a_pause_does_not_hide_the_last_frames(tmp_path):
    path = tmp_path / "paused.h5"
    settings = WriterSettings(swmr=True, flush_every_s=0.05)
    with process(write_when_told, str(path), settings) as (_, writer):
        writer.send(3)
        answer(writer)
        deadline = time.monotonic() + DEADLINE_S
        with h5py.File(path, "r", swmr=True) as file:
            while seen(file["/entry/data"]) != [1, 2, 3]:
                assert time.monotonic() < deadline, "the frames never became visible"


def test_the_ledger_is_readable_while_it_grows(tmp_path):
    path = tmp_path / "ledger.h5"
    settings = WriterSettings(swmr=True, flush_every_frames=1)
    with process(write_when_told, str(path), settings) as (_, writer):
        writer.send(4)
        answer(writer)
        with h5py.File(path, "r", swmr=True) as file:
            assert file["/framepath/ledger"]["index"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("swmr", [False, True])
class TestTwoWriters:
    def test_in_two_processes(self, tmp_path, swmr):
        path = tmp_path / "one.h5"
        settings = WriterSettings(swmr=swmr, overwrite=True)
        with RoutedWriter(path, ONE_DATASET, settings) as first:
            first.write(frame(0))
            with process(try_to_write, str(path), settings) as (_, second):
                assert "another program" in answer(second)
            first.write(frame(1))
        with h5py.File(path) as file:
            assert file["/entry/data"][:, 0, 0].tolist() == [1, 2]
        with process(try_to_write, str(path), settings) as (_, second):
            assert answer(second) == "written"

    def test_in_one_process(self, tmp_path, swmr):
        from framepath.errors import WriteFailed

        path = tmp_path / "one.h5"
        settings = WriterSettings(swmr=swmr, overwrite=True)
        with RoutedWriter(path, ONE_DATASET, settings) as first:
            first.write(frame(0))
            second = RoutedWriter(path, ONE_DATASET, settings)
            with pytest.raises(WriteFailed, match="another program"):
                second.write(frame(1))
            first.write(frame(2))
        with h5py.File(path) as file:
            assert file["/entry/data"][:, 0, 0].tolist() == [1, 3]
