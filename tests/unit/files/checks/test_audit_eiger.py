"""Eiger masters and data files: image numbers, missing and stray files, checksums."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from framepath.files.checks.ledger import audit
from framepath.spec.frame import Frame, checksum
from framepath.spec.ndattribute import FRAME_CHECKSUM, NDAttribute, NDAttrType
from framepath.writing.eiger import EigerFileWriter, EigerMetadata

N_FRAMES = 7


@pytest.fixture(params=["v1", "v2"])
def master(request, tmp_path):
    metadata = EigerMetadata(nimages=N_FRAMES, ntrigger=1)
    with EigerFileWriter(
        *(tmp_path, "s_$id", 3),
        **{"shape_yx": (4, 6), "dtype": "u2", "images_per_file": 3, "format": request.param},
        metadata=metadata,
    ) as writer:
        for index in range(N_FRAMES):
            pixels = np.full((4, 6), index + 1, "u2")
            number = NDAttribute(FRAME_CHECKSUM, NDAttrType.INT64, checksum(pixels))
            writer.write(Frame(pixels, 100 + index, attributes={FRAME_CHECKSUM: number}))
    return writer.master_path


def rules(path, **options) -> set[str]:
    return {finding.rule for finding in audit(path, **options).findings}


def test_a_complete_series(master):
    result = audit(master, verify_pixels=True)
    assert result.findings == ()
    assert [row.unique_id for row in result.rows] == list(range(100, 107))
    assert (result.n_stored, result.n_checksums) == (N_FRAMES, N_FRAMES)


def test_without_our_ledger_the_image_numbers_count(master):
    with h5py.File(master, "r+") as file:
        del file["framepath"]
    result = audit(master)
    assert result.findings == ()
    assert [row.unique_id for row in result.rows] == list(range(1, N_FRAMES + 1))


def test_a_data_file_by_itself(master):
    result = audit(master.with_name("s_3_data_000002.h5"))
    assert [row.unique_id for row in result.rows] == [4, 5, 6]
    assert result.findings == ()


def test_a_data_file_is_missing(master):
    with h5py.File(master) as file:
        missing = "ledger-missing-source" if "data" in file["entry/data"] else "eiger-missing-file"
    master.with_name("s_3_data_000002.h5").unlink()
    assert missing in rules(master)
    assert audit(master).n_stored == N_FRAMES - 3


def test_a_changed_pixel(master):
    with h5py.File(master.with_name("s_3_data_000002.h5"), "r+") as file:
        file["entry/data/data"][1, 0, 0] = 99
    assert rules(master, verify_pixels=True) == {"ledger-checksum"}


def test_a_data_file_of_an_earlier_series(master):
    master.with_name("s_3_data_000004.h5").touch()
    result = audit(master)
    assert [f.rule for f in result.findings] == ["eiger-unlisted-file"]
    assert result.ok


def test_fewer_frames_than_nimages_times_ntrigger(tmp_path):
    with EigerFileWriter(
        tmp_path, shape_yx=(4, 6), dtype="u2", metadata=EigerMetadata(nimages=2, ntrigger=3)
    ) as writer:
        writer.write(Frame(np.ones((4, 6), "u2"), 1))
    assert rules(writer.master_path) == {"eiger-count"}


@pytest.mark.parametrize(("low", "high"), [(5, 7), (4, 7), (1, 3)])
def test_image_numbers_that_do_not_follow(tmp_path, low, high):
    with EigerFileWriter(tmp_path, shape_yx=(4, 6), dtype="u2", images_per_file=3) as writer:
        for index in range(6):
            writer.write(Frame(np.full((4, 6), index + 1, "u2"), index))
    with h5py.File(writer.data_paths[1], "r+") as file:
        file["entry/data/data"].attrs.update(image_nr_low=low, image_nr_high=high)
    assert "eiger-image-number" in rules(writer.master_path)
