"""Eiger file sets: names, links, numbers and pixels, as h5py and h5dump read them."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepath.codecs import encode
from framepath.errors import FrameRefused, SettingsError, WriteFailed
from framepath.files.checks.rows import ledger_rows
from framepath.spec.addresses import CHECKSUMS_ADDRESS, LEDGER_ADDRESS
from framepath.spec.frame import Compressed, Frame, checksum
from framepath.spec.ledger import Fate
from framepath.spec.ndattribute import FRAME_CHECKSUM, NDAttribute, NDAttrType
from framepath.writing.eiger import EigerFileWriter

SHAPE = (20, 33)


def pixels(index: int, dtype: str = "u2") -> np.ndarray:
    """Frame whose every pixel is ``index + 1`` but one, so that a swap or a flip shows."""
    made = np.full(SHAPE, index + 1, dtype)
    made[0, 1] = 200
    return made


def series(folder: Path, n_frames: int, dtype: str = "u2", **options) -> EigerFileWriter:
    with EigerFileWriter(folder, shape_yx=SHAPE, dtype=dtype, **options) as writer:
        for index in range(n_frames):
            writer.write(Frame(pixels(index, dtype), 10 + index))
    return writer


def read_back(writer: EigerFileWriter) -> np.ndarray:
    with h5py.File(writer.master_path) as file:
        group = file["entry/data"]
        return np.concatenate([group[name][:] for name in sorted(group)])


@pytest.mark.parametrize("format", ["v1", "v2"])
@pytest.mark.parametrize("compression", ["bslz4", "lz4", "none"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4"])
@pytest.mark.parametrize("images_per_file", [3, 0])
def test_every_kind_reads_back(tmp_path, format, compression, dtype, images_per_file):
    options = {"format": format, "compression": compression, "images_per_file": images_per_file}
    writer = series(tmp_path, 7, dtype, **options)
    expected = np.stack([pixels(index, dtype) for index in range(7)])
    found = read_back(writer)
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=20, deadline=None)
@given(
    n_frames=st.integers(0, 9),
    images_per_file=st.integers(0, 5),
    start=st.integers(0, 500),
    format=st.sampled_from(["v1", "v2"]),
)
def test_numbers_follow_and_files_are_full(n_frames, images_per_file, start, format):
    options = {"images_per_file": images_per_file, "image_nr_start": start, "format": format}
    with tempfile.TemporaryDirectory() as folder:
        writer = series(Path(folder), n_frames, **options)
        n_files = -(-n_frames // images_per_file) if images_per_file else 0
        names = [f"series_1_data_{k:06d}.h5" for k in range(1, n_files + 1)]
        assert [path.name for path in writer.data_paths] == names
        assert {p.name for p in Path(folder).iterdir()} == {*names, "series_1_master.h5"}
        number = start
        for path in writer.data_paths:
            with h5py.File(path) as file:
                images = file["entry/data/data"]
                assert images.attrs["image_nr_low"] == number
                number += len(images)
                assert images.attrs["image_nr_high"] == number - 1
                assert len(images) == images_per_file or path == writer.data_paths[-1]
        if n_frames:
            np.testing.assert_array_equal(read_back(writer)[:, 5, 5], np.arange(1, n_frames + 1))


def test_a_data_file_is_there_once_it_is_full(tmp_path):
    complete: list[str] = []
    with EigerFileWriter(
        *(tmp_path, "name_$id_x", 12),
        **{"shape_yx": SHAPE, "dtype": "u2", "images_per_file": 2},
        on_data_file=lambda path: complete.append(path.name),
    ) as writer:
        seen = []
        for index in range(5):
            writer.write(Frame(pixels(index), index))
            seen.append(sorted(path.name for path in tmp_path.glob("*.h5")))
    first, second, third = (f"name_12_x_data_00000{k}.h5" for k in (1, 2, 3))
    assert seen == [[], [first], [first], [first, second], [first, second]]
    assert complete == [first, second, third]


def test_after_an_abort_the_master_lists_what_exists(tmp_path):
    def aborted(writer: EigerFileWriter) -> None:
        with writer:
            for index in range(3):
                writer.write(Frame(pixels(index), index))
            raise KeyboardInterrupt

    writer = EigerFileWriter(tmp_path, shape_yx=SHAPE, dtype="u2", images_per_file=2)
    with pytest.raises(KeyboardInterrupt):
        aborted(writer)
    with h5py.File(writer.master_path) as file:
        links = [file["entry/data"].get(n, getlink=True) for n in sorted(file["entry/data"])]
    assert [(link.filename, link.path) for link in links] == [
        ("series_1_data_000001.h5", "/entry/data/data"),
        ("series_1_data_000002.h5", "/entry/data/data"),
    ]
    assert len(read_back(writer)) == 3


def test_the_set_can_be_moved(tmp_path):
    for format in ("v1", "v2"):
        (tmp_path / format).mkdir()
        writer = series(tmp_path / format, 4, images_per_file=2, format=format)
        moved = shutil.move(tmp_path / format, tmp_path / f"moved_{format}")
        with h5py.File(Path(moved) / writer.master_path.name) as file:
            group = file["entry/data"]
            assert [group[name][-1, 5, 5] for name in sorted(group)][-1] == 4


def test_a_second_series_of_the_same_name_replaces_the_first(tmp_path):
    series(tmp_path, 6, images_per_file=2)
    writer = EigerFileWriter(tmp_path, shape_yx=SHAPE, dtype="u2", images_per_file=2)
    writer.write(Frame(pixels(50), 1))
    # The old master must not present new data files as its own.
    assert not writer.master_path.exists()
    writer.close()
    np.testing.assert_array_equal(read_back(writer)[:, 5, 5], [51])


def test_a_missing_data_file_reads_as_no_data(tmp_path):
    writer = series(tmp_path, 4, images_per_file=2, format="v2")
    writer.data_paths[0].unlink()
    np.testing.assert_array_equal(read_back(writer)[:, 5, 5], [65535, 65535, 3, 4])


def test_h5dump_reads_the_chunks_as_dectris_writes_them(tmp_path, program):
    writer = series(tmp_path, 2)
    shown = subprocess.run(
        [program("h5dump"), "-p", "-H", "-d", "/entry/data/data", writer.data_paths[0]],
        **{"capture_output": True, "text": True, "check": True},
    ).stdout
    assert "CHUNKED ( 1, 20, 33 )" in shown
    assert "FILTER_ID 32008" in shown
    # The filter puts its version and the element size before DECTRIS's (0, 2).
    assert "PARAMS { 0 4 2 0 2 }" in shown


@pytest.mark.parametrize("codec", ["bslz4", "lz4"])
def test_compressed_frames_are_stored_as_they_come(tmp_path, codec):
    header_bytes = {"bslz4": 12, "lz4": 16}[codec]
    with EigerFileWriter(tmp_path, shape_yx=SHAPE, dtype="u2", compression=codec) as writer:
        for index in range(3):
            stream = encode(codec, pixels(index))[header_bytes:].copy()
            packed = Compressed(codec, SHAPE, np.dtype("u2"))
            writer.write(Frame(stream, index, compressed=packed))
    np.testing.assert_array_equal(read_back(writer), np.stack([pixels(i) for i in range(3)]))


def test_the_ledger_accounts_for_every_frame(tmp_path):
    with EigerFileWriter(tmp_path, shape_yx=SHAPE, dtype="u2", images_per_file=2) as writer:
        for index in range(3):
            number = NDAttribute(FRAME_CHECKSUM, NDAttrType.INT64, checksum(pixels(index)))
            attributes = {FRAME_CHECKSUM: number} if index != 1 else {}
            writer.write(Frame(pixels(index), 10 + 2 * index, 5.5, attributes=attributes))
        with pytest.raises(FrameRefused, match="uint8"):
            writer.write(Frame(pixels(3, "u1"), 99))
    assert (writer.n_received, writer.n_stored) == (4, 3)
    with h5py.File(writer.master_path) as file:
        rows = ledger_rows(file[LEDGER_ADDRESS])
        sums = file[CHECKSUMS_ADDRESS][:].tolist()
    assert [(r.unique_id, r.destination, r.index, r.fate) for r in rows] == [
        (10, "/entry/data/data_000001", 0, Fate.STORED),
        (12, "/entry/data/data_000001", 1, Fate.STORED),
        (14, "/entry/data/data_000002", 0, Fate.STORED),
        (99, "", -1, Fate.REFUSED),
    ]
    assert rows[0].timestamp == 5.5
    assert "does not fit" in rows[3].reason
    assert sums == [checksum(pixels(0)), -1, checksum(pixels(2)), -1]


def test_the_ledger_can_be_left_out(tmp_path):
    writer = series(tmp_path, 1, ledger=False)
    with h5py.File(writer.master_path) as file:
        assert "framepath" not in file


@pytest.mark.parametrize(
    "frame",
    [
        Frame(np.zeros((20, 34), "u2"), 1),
        Frame(np.zeros(SHAPE, "u4"), 1),
        Frame(np.zeros(SHAPE, "i2"), 1),
        Frame(np.zeros((3, *SHAPE), "u2"), 1),
        Frame(np.zeros(9, "u1"), 1, compressed=Compressed("lz4", SHAPE, np.dtype("u2"))),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_and_the_series_goes_on(tmp_path, frame):
    with EigerFileWriter(tmp_path, shape_yx=SHAPE, dtype="u2") as writer:
        writer.write(Frame(pixels(0), 1))
        with pytest.raises(FrameRefused):
            writer.write(frame)
        writer.write(Frame(pixels(1), 2))
    np.testing.assert_array_equal(read_back(writer)[:, 5, 5], [1, 2])


@pytest.mark.parametrize(
    "wrong",
    [
        {"dtype": "f4"},
        {"dtype": "i2"},
        {"compression": "zstd"},
        {"format": "v3"},
        {"images_per_file": -1},
        {"shape_yx": (0, 5)},
        {"name_pattern": "folder/series"},
        {"name_pattern": ""},
        {"pixel_mask": np.zeros((5, 5))},
    ],
)
def test_settings_that_no_eiger_has(tmp_path, wrong):
    with pytest.raises(SettingsError):
        EigerFileWriter(tmp_path, **{"shape_yx": SHAPE, "dtype": "u2", **wrong})


def test_a_folder_that_is_not_there(tmp_path):
    writer = EigerFileWriter(tmp_path / "none", shape_yx=SHAPE, dtype="u2")
    with pytest.raises(WriteFailed, match="folder is gone"):
        writer.write(Frame(pixels(0), 1))
    with pytest.raises(WriteFailed):
        writer.close()


def test_nothing_can_be_written_after_close(tmp_path):
    writer = series(tmp_path, 1)
    with pytest.raises(WriteFailed, match="closed"):
        writer.write(Frame(pixels(1), 2))
    writer.close()


def test_a_disk_that_fills_up_leaves_a_complete_set(tmp_path, monkeypatch):
    room = os.statvfs(tmp_path)
    with EigerFileWriter(tmp_path, shape_yx=SHAPE, dtype="u2", images_per_file=4) as writer:
        writer.write(Frame(pixels(0), 1))
        full = os.statvfs_result((*room[:4], 1, *room[5:]))
        monkeypatch.setattr(os, "statvfs", lambda path: full)
        writer._room.look_again()
        with pytest.raises(WriteFailed, match="nearly full") as failed:
            writer.write(Frame(pixels(1), 2))
    assert failed.value.errno == errno.ENOSPC
    np.testing.assert_array_equal(read_back(writer)[:, 5, 5], [1])
    with h5py.File(writer.master_path) as file:
        assert [r.fate for r in ledger_rows(file[LEDGER_ADDRESS])] == [Fate.STORED, Fate.REFUSED]


LIMITED = """
import resource, signal, sys
import numpy as np
from framepath.errors import WriteFailed
from framepath.spec.frame import Frame
from framepath.writing.eiger import EigerFileWriter

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
writer = EigerFileWriter(sys.argv[1], shape_yx=(128, 256), dtype="u2", compression="none")
try:
    for index in range(9):
        writer.write(Frame(np.full((128, 256), index + 1, "u2"), index))
except WriteFailed:
    pass
try:
    writer.close()
except WriteFailed:
    print("stored", writer.n_stored, "listed", len(writer.data_paths))
"""


def test_a_data_file_that_cannot_be_finished_is_not_listed(tmp_path):
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown == "stored 0 listed 0\n"
    with h5py.File(tmp_path / "series_1_master.h5") as file:
        rows = ledger_rows(file[LEDGER_ADDRESS])
        assert list(file["entry/data"]) == []
    assert {row.fate for row in rows} == {Fate.REFUSED}
    assert "cannot be" in rows[0].reason
