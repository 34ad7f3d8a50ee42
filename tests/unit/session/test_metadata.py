"""Metadata that outlives a session."""

from __future__ import annotations

import pytest

from framepath.errors import FileUnreadable
from framepath.session.metadata import KeptMetadata


def test_changes_are_there_in_the_next_session(tmp_path):
    path = tmp_path / "below" / "metadata.json"
    metadata = KeptMetadata(path, {"beamline": "3ID"})
    metadata["scan_id"] = 7
    metadata["gone"] = 1
    del metadata["gone"]
    again = KeptMetadata(path, {"beamline": "4ID"})
    assert dict(again) == {"scan_id": 7, "beamline": "4ID"}
    assert len(again) == 2


def test_a_damaged_file_is_told(tmp_path):
    path = tmp_path / "metadata.json"
    for text in ("{", "[1]"):
        path.write_text(text)
        with pytest.raises(FileUnreadable, match="metadata"):
            KeptMetadata(path, {})
