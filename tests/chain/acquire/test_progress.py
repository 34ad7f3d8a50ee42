"""The line of progress of a plan, read from a terminal."""

from __future__ import annotations

import os
import pty
import re

import bluesky.plans as bp
import pytest

from framepath.acquire import frame_series, with_darks_flats, with_ledger
from framepath.acquire.plans.progress import keep_progress


@pytest.fixture
def terminal(RE):
    """Shows progress on a terminal; a function that returns what was written there."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    with os.fdopen(theirs, "w") as stream:
        progress = keep_progress(RE, stream)
        assert progress is not None

        def written():
            pieces = []
            while True:
                try:
                    pieces.append(os.read(ours, 65536))
                except BlockingIOError:
                    return b"".join(pieces).decode()

        yield written
        RE.unsubscribe(progress.subscription)
        RE.waiting_hook = None
    os.close(ours)


def shown(text, name):
    """(stored, asked) of each line drawn."""
    return [(int(a), int(b)) for a, b in re.findall(rf"{name} (\d+)/(\d+) frames", text)]


def test_a_series_counts_up_and_leaves_its_last_word(RE, det, terminal):
    det.cam.acquire_time.put(0.02)
    det.cam.acquire_period.put(0.04)
    RE(frame_series(det, images=40, darks=5))
    text = terminal()
    drawn = shown(text, det.name)
    assert {asked for _, asked in drawn} == {45}
    counts = [stored for stored, _ in drawn]
    assert counts == sorted(counts)
    assert len(set(counts)) >= 3
    assert "frames/s" in text
    assert re.search(r"\d:\d\d left", text)
    assert text.endswith("\r\n")
    last = text.rpartition("\x1b[K")[2]
    assert last.startswith(f"{det.name} 45 of 45 frames stored in 0:")


def test_points_of_an_ordinary_plan_and_frames_around_it(RE, det, terminal):
    det.cam.acquire_time.put(0.15)
    det.cam.acquire_period.put(0.15)
    det.frames_per_point = 2
    plan = with_darks_flats(bp.count([det], num=3), det, darks=2, when="both")
    det.frames_per_point = 1
    RE(with_ledger(plan))
    drawn = shown(terminal(), det.name)
    assert {asked for _, asked in drawn} == {7}


def test_a_short_run_shows_nothing(RE, det, terminal):
    RE(bp.count([det], num=1))
    assert terminal() == ""
