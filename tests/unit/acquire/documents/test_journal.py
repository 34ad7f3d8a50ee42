"""Journals: what is appended is read back, also while it grows and after a crash."""

from __future__ import annotations

import numpy as np
import pytest

from framepath.acquire.documents.journal import (
    Journal,
    JournalReader,
    is_in_use,
    leftover_journals,
    read_journal,
)
from framepath.errors import FileUnreadable, SettingsError, WriteFailed

START = {"uid": "a-b", "time": 1.5}


def test_documents_come_back_with_plain_values(tmp_path):
    journal = Journal(tmp_path, "a-b")
    journal.append("start", START)
    journal.append("event", {"data": {"x": np.float32(1.5), "y": np.arange(3), "s": {"b", "a"}}})
    journal.close()
    (start, event) = read_journal(journal.path)
    assert start == ("start", START)
    assert event == ("event", {"data": {"x": 1.5, "y": [0, 1, 2], "s": ["a", "b"]}})


def test_a_growing_journal_is_read_in_pieces(tmp_path):
    journal = Journal(tmp_path, "a-b")
    reader = JournalReader(journal.path)
    assert reader.read() == []
    journal.append("start", START)
    assert [name for name, _ in reader.read()] == ["start"]
    assert reader.read() == []
    journal.append("stop", {})
    assert [name for name, _ in reader.read()] == ["stop"]
    reader.rewind()
    assert [name for name, _ in reader.read()] == ["start", "stop"]
    journal.close()


def test_a_line_cut_off_by_a_crash_is_not_a_document(tmp_path):
    journal = Journal(tmp_path, "a-b")
    journal.append("start", START)
    journal.close()
    with journal.path.open("a") as file:
        file.write('{"name": "event", "doc": {"se')
    assert [name for name, _ in read_journal(journal.path)] == ["start"]


def test_a_living_session_keeps_its_journal(tmp_path):
    journal = Journal(tmp_path, "a-b")
    journal.append("start", START)
    assert is_in_use(journal.path)
    assert list(leftover_journals(tmp_path)) == []
    with pytest.raises(SettingsError, match="alive"):
        read_journal(journal.path)
    journal.close()
    assert list(leftover_journals(tmp_path)) == [journal.path]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no document"),
        ('{"name": "event", "doc": {}}\n', "event"),
        ("nonsense\n", "not a document"),
        ('{"doc": {}}\n', "not a document"),
    ],
)
def test_what_is_no_journal_is_refused(tmp_path, text, told):
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(FileUnreadable, match=told):
        read_journal(path)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteFailed, match="journal"):
        Journal(tmp_path / "file" / "below", "a-b")


def test_two_writers_of_one_folder_are_told_apart(tmp_path):
    first = Journal(tmp_path, "a-b")
    with pytest.raises(WriteFailed, match="another writer seems to keep it"):
        Journal(tmp_path, "a-b")
    first.close()
