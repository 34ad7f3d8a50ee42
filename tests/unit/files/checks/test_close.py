"""Files that a killed writer left: closed for plain readers, with nothing cut or added."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess

import h5py
import pytest

from framepath.errors import FileMissing, FileUnreadable, SettingsError, WriteFailed
from framepath.files.checks.close import close_file
from framepath.files.checks.ledger import audit
from framepath.files.lookup3 import lookup3
from unit.files.checks.cases import DARK, DATA, FLAT, kill, write_series, writing_process


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    path = tmp_path_factory.mktemp("killed") / "f.h5"
    kill(writing_process(path, "swmr"))
    return path


@pytest.fixture
def left_open(killed, tmp_path):
    return shutil.copy(killed, tmp_path / "f.h5")


def test_before_closing_plain_readers_refuse_and_the_audit_says_why(left_open):
    with pytest.raises(OSError, match="already open for write"):
        h5py.File(left_open, "r")
    assert [f.rule for f in audit(left_open).findings] == ["ledger-open-for-write"]


def test_after_closing_every_flushed_frame_is_there(left_open, program):
    before = audit(left_open, verify_pixels=True)
    assert close_file(left_open)
    after = audit(left_open, verify_pixels=True)
    assert after.rows == before.rows
    assert after.n_complete == after.n_checksums == 10
    assert after.findings == ()
    with h5py.File(left_open, "r") as file:
        frames = {address: file[address][:, 0, 0].tolist() for address in (DATA, DARK, FLAT)}
    assert frames == {DATA: [1, 4, 7, 10], DARK: [2, 5, 8], FLAT: [3, 6, 9]}
    shown = subprocess.run(
        [program("h5dump"), "-d", f"{DATA}[0,0,0;;4,1,1;]", left_open],
        capture_output=True,
        text=True,
    )
    assert "(3,0,0): 10" in shown.stdout


def test_only_the_superblock_changes(left_open, killed):
    close_file(left_open)
    assert left_open.read_bytes()[48:] == killed.read_bytes()[48:]


def test_a_closed_file_is_left_alone(tmp_path):
    path = write_series(tmp_path / "f.h5", [DATA])
    before = path.read_bytes()
    assert not close_file(path)
    assert path.read_bytes() == before


def test_a_live_writer_is_not_disturbed(tmp_path):
    path = tmp_path / "f.h5"
    process = writing_process(path, "swmr")
    try:
        before = path.read_bytes()
        with pytest.raises(WriteFailed, match="open for writing"):
            close_file(path, force=True)
        assert path.read_bytes() == before
    finally:
        kill(process)
    assert close_file(path)


def test_where_leases_do_not_exist_only_force_goes_on(left_open, monkeypatch):
    def no_leases(descriptor: int, command: int, argument: int = 0) -> int:
        raise OSError(22, os.strerror(22))  # what a network file system answers

    monkeypatch.setattr(fcntl, "fcntl", no_leases)
    with pytest.raises(SettingsError, match="--force"):
        close_file(left_open)
    assert close_file(left_open, force=True)


def test_a_damaged_file_is_left_as_it_was(left_open):
    with left_open.open("r+b") as file:
        file.seek(48)
        file.write(b"\xff" * 200)
    before = left_open.read_bytes()
    with pytest.raises(FileUnreadable, match="cannot be closed"):
        close_file(left_open)
    assert left_open.read_bytes() == before


def test_what_is_not_there_or_not_hdf5(tmp_path):
    with pytest.raises(FileMissing):
        close_file(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("frames\n" * 20)
    with pytest.raises(FileUnreadable, match="not an HDF5 file"):
        close_file(tmp_path / "text.h5")


def test_frames_without_rows_are_reported_and_kept(left_open):
    close_file(left_open)
    with h5py.File(left_open, "r+") as file:
        file["/entry/attributes/NDArrayUniqueId"].resize(9, axis=0)
    result = audit(left_open)
    assert (result.n_complete, result.n_stored) == (9, 10)
    assert "ledger-attribute-length" in {f.rule for f in result.findings}


@pytest.mark.parametrize("user_block", [0, 512])
def test_lookup3_is_the_checksum_that_libhdf5_writes(tmp_path, user_block):
    path = tmp_path / "f.h5"
    with h5py.File(path, "w", libver=("v110", "v110"), userblock_size=user_block) as file:
        file["d"] = 1
    superblock = path.read_bytes()[user_block : user_block + 48]
    assert lookup3(superblock[:-4]) == int.from_bytes(superblock[-4:], "little")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0xDEADBEEF),  # the author's own test values, lookup3.c
        (b"Four score and seven years ago", 0x17770551),
    ],
)
def test_lookup3_gives_the_published_values(data, expected):
    assert lookup3(data) == expected
