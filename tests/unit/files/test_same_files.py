"""A file is taken for the same only when nothing about it differs; nothing else is opened."""

import os
import shutil

import h5py
import pytest

from framepath.config.paths import PathMap
from framepath.errors import FileUnreadable, OutsideFolders
from framepath.files import Folders, open_frames
from framepath.files.same_files import SameFiles, prove
from unit.files.builders import frames, store


@pytest.fixture
def path(tmp_path):
    return store(tmp_path / "a.h5", "/entry/data/data", frames(3))


def confirmed(*proofs, path_map=(), nonce="nonce", same_host=True):
    return SameFiles.confirmed(list(proofs), path_map, nonce, same_host=same_host)


def test_the_same_file_opens_and_no_other(path, tmp_path):
    other = store(tmp_path / "b.h5", "/entry/data/data", frames(3))
    files = confirmed(prove(path, None, "nonce"))
    with open_frames(path, folders=files) as stack:
        assert stack.shape == (3, 6, 8)
    with pytest.raises(OutsideFolders, match="not a file that the catalog has authorised"):
        open_frames(other, folders=files)
    path.write_bytes(other.read_bytes() + b"0")
    with pytest.raises(OutsideFolders):
        open_frames(path, folders=files)


@pytest.mark.parametrize("field", ["device", "inode", "n_bytes", "modified_ns"])
def test_another_stamp_is_another_file(path, field):
    proof = prove(path, None, "nonce")
    other = proof._replace(stamp=proof.stamp._replace(**{field: getattr(proof.stamp, field) + 1}))
    assert confirmed(other) is None
    # Every host numbers its devices as it likes.
    assert (confirmed(other, same_host=False) is not None) == (field == "device")


def test_another_content_is_another_file(path):
    proof = prove(path, None, "nonce")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=times)
    assert prove(path, None, "nonce").stamp == proof.stamp
    assert confirmed(proof) is None


def test_a_proof_made_for_another_question_is_none(path):
    assert confirmed(prove(path, None, "an older nonce")) is None


def test_a_copy_and_a_missing_file_are_not_the_same(path, tmp_path):
    proof = prove(path, None, "nonce")
    shutil.copy2(path, tmp_path / "copy.h5")
    assert confirmed(proof._replace(path=str(tmp_path / "copy.h5")), same_host=False) is None
    assert confirmed(proof._replace(path=str(tmp_path / "no.h5"))) is None
    assert confirmed(proof, proof._replace(path=str(tmp_path / "no.h5"))) is None


@pytest.mark.parametrize("same_host", [True, False])
def test_either_spelling_of_the_folder_does(path, tmp_path, same_host):
    (tmp_path / "alias").symlink_to(tmp_path)
    maps = (PathMap(server="/srv/data", here=str(tmp_path / "alias")),)
    proof = prove(path, None, "nonce")._replace(path="/srv/data/a.h5")
    files = confirmed(proof, path_map=maps, same_host=same_host)
    assert files.host == "here"
    with open_frames("/srv/data/a.h5", folders=files) as stack:
        assert len(stack) == 3
    maps = (PathMap(server=str(tmp_path), here="/mnt/nowhere"),)
    assert confirmed(prove(path, None, "nonce"), path_map=maps, same_host=same_host) is not None


def test_only_what_may_be_read_is_proven(path, tmp_path):
    (tmp_path / "inside").mkdir()
    with pytest.raises(OutsideFolders):
        prove(path, Folders((tmp_path / "inside",)), "nonce")


def test_a_file_that_is_being_written_is_not_proven(tmp_path):
    path = tmp_path / "growing.h5"
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.create_dataset("frames", (1, 4), "u2", maxshape=(None, 4), chunks=(1, 4))
        file.swmr_mode = True
        with pytest.raises(FileUnreadable, match=r"being written.*growing\.h5"):
            prove(path, None, "nonce")
    assert prove(path, None, "nonce").path == str(path)
