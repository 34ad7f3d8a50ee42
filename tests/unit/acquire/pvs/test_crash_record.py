"""One session a detector, also when one ends while the next begins."""

from __future__ import annotations

import fcntl

import pytest

from framepath.acquire.pvs.crash_record import STATE_VARIABLE, CrashRecord
from framepath.errors import StagingError


@pytest.fixture(autouse=True)
def _state(tmp_path, monkeypatch):
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))


def test_a_second_session_is_refused_until_the_first_has_ended():
    first, second = CrashRecord("X:"), CrashRecord("X:")
    assert first.open() == []
    with pytest.raises(StagingError, match="another session"):
        second.open()
    first.close()
    assert second.open() == []
    second.close()


def test_what_is_left_comes_last_change_first():
    first, second = CrashRecord("X:"), CrashRecord("X:")
    first.open()
    first.add(("cam.gain", 1))
    first.add(("cam.num_images", 2))
    first.close()
    assert second.open() == [("cam.num_images", 2), ("cam.gain", 1)]
    second.clear()
    second.close()


def test_a_record_removed_while_it_is_being_locked_is_made_anew(monkeypatch):
    first, second, third = (CrashRecord("X:") for _ in range(3))
    first.open()
    lock = fcntl.flock

    def first_ends(file, operation):
        monkeypatch.setattr(fcntl, "flock", lock)
        first.close()
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", first_ends)
    second.open()
    with pytest.raises(StagingError, match="another session"):
        third.open()
    second.close()
