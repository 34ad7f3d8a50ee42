"""Which files of a folder are due: all at first, later what is new or changed and at rest."""

from __future__ import annotations

import os

from framepath.catalog.following import Found


def write(path, n_bytes, at_ns):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(n_bytes))
    os.utime(path, ns=(at_ns, at_ns))
    return path


def due(found):
    paths = found.to_register()
    for path in paths:
        found.done(path)
    return [path.name for path in paths]


def test_new_and_changed_files_are_due_once_they_rest(tmp_path):
    found = Found(tmp_path)
    first = write(tmp_path / "deep" / "er" / "Übung 1.h5", 1, 1)
    write(tmp_path / "not one.txt", 1, 1)
    assert due(found) == ["Übung 1.h5"]
    assert due(found) == []
    growing = write(tmp_path / "growing.h5", 1, 1)
    assert due(found) == []
    write(growing, 2, 2)
    write(first, 3, 3)
    assert due(found) == []
    assert due(found) == ["Übung 1.h5", "growing.h5"]
    growing.unlink()
    assert due(found) == []


def test_what_was_not_taken_is_due_again(tmp_path):
    found = Found(tmp_path)
    path = write(tmp_path / "a.h5", 1, 1)
    assert found.to_register() == [path]
    assert found.to_register() == [path]
    found.done(path)
    assert found.to_register() == []


def test_what_waits_for_other_files_is_due_when_its_time_has_come(tmp_path):
    found = Found(tmp_path)
    path = write(tmp_path / "master.h5", 1, 1)
    assert found.to_register() == [path]
    found.waits(path, 0)
    assert found.to_register() == [path]
    found.waits(path, 100)
    assert found.to_register() == []
    write(path, 2, 2)
    assert (found.to_register(), found.to_register()) == ([], [path]), "it changed, and rests"
