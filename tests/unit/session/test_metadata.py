"""Metadata that outlives a session."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from framepath.errors import FileUnreadable, SettingsError
from framepath.session.metadata import KeptMetadata, scan_id_source


def test_changes_are_there_in_the_next_session(tmp_path):
    path = tmp_path / "below" / "metadata.json"
    metadata = KeptMetadata(path, {"beamline": "3ID"})
    metadata["scan_id"] = 7
    metadata["gone"] = 1
    del metadata["gone"]
    again = KeptMetadata(path, {"beamline": "4ID"})
    assert dict(again) == {"scan_id": 7, "beamline": "4ID"}
    assert len(again) == 2


def test_two_sessions_never_number_two_runs_alike(tmp_path):
    path = tmp_path / "metadata.json"
    numbers = []

    def session():
        metadata = KeptMetadata(path, {})
        for _ in range(20):
            metadata["scan_id"] = scan_id_source(metadata)  # as a RunEngine does
            numbers.append(metadata["scan_id"])

    sessions = [threading.Thread(target=session) for _ in range(3)]
    for each in sessions:
        each.start()
    for each in sessions:
        each.join()
    assert sorted(numbers) == list(range(1, 61))


def test_a_number_can_be_set(tmp_path):
    first, second = (KeptMetadata(tmp_path / "metadata.json", {}) for _ in range(2))
    assert (scan_id_source(first), scan_id_source(second)) == (1, 2)
    first["scan_id"] = 100
    assert (scan_id_source(second), scan_id_source(first)) == (101, 102)


def test_a_session_writes_what_it_changes_and_no_more(tmp_path):
    path = tmp_path / "metadata.json"
    KeptMetadata(path, {})["sample"] = "Au"
    first, second = KeptMetadata(path, {}), KeptMetadata(path, {})
    first["sample"] = "Pt"
    second["operator"] = "Curie"
    del second["operator"]
    second["energy"] = 8
    assert dict(KeptMetadata(path, {})) == {"sample": "Pt", "energy": 8}


def test_numbers_of_numpy_are_kept_as_numbers(tmp_path):
    path = tmp_path / "metadata.json"
    KeptMetadata(path, {})["energy"] = {"kev": np.float32(8), "n": np.int64(3), "a": np.arange(2)}
    assert dict(KeptMetadata(path, {})) == {"energy": {"kev": 8.0, "n": 3, "a": [0, 1]}}


def test_what_cannot_be_kept_changes_nothing(tmp_path):
    metadata = KeptMetadata(tmp_path / "metadata.json", {"a": 1})
    with pytest.raises(SettingsError, match="object"):
        metadata["b"] = object()
    with pytest.raises(KeyError):
        del metadata["b"]
    assert dict(metadata) == {"a": 1}


def test_a_damaged_file_is_told(tmp_path):
    path = tmp_path / "metadata.json"
    for text in ("{", "[1]"):
        path.write_text(text)
        with pytest.raises(FileUnreadable, match="metadata"):
            KeptMetadata(path, {})
