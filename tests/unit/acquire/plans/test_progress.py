"""The line of progress: what it says, and that it keeps to its width."""

from __future__ import annotations

import io

import pytest
from bluesky import RunEngine

from framepath.acquire.plans.progress import RATE_OVER_S, Pace, keep_progress, line_of


def pace_of(*samples):
    pace = Pace()
    for now, n_stored in samples:
        pace.add(now, n_stored)
    return pace


def test_frames_rate_and_time_left():
    line = line_of("simdet", 250, 1000, pace_of((0.0, 0), (10.0, 250)), 200)
    assert line == "simdet 250/1000 frames [#####...............] 25 %, 25.0 frames/s, 0:30 left"


def test_before_the_first_frame_nothing_is_promised():
    assert line_of("det", 0, 10, Pace(), 200).endswith("0 %, 0.0 frames/s")


def test_a_file_that_somebody_else_has_begun_runs_no_time_back():
    line = line_of("det", 2, 10, pace_of((0.0, 8), (1.0, 2)), 200)
    assert line.endswith("20 %, 0.0 frames/s")


def test_a_count_without_an_end():
    assert (
        line_of("det", 7, None, pace_of((0, 0), (1, 7)), 200) == "det 7 frames stored, 7.0 frames/s"
    )


def test_hours_are_told():
    assert "2:46:40 left" in line_of("det", 0, 10_000, pace_of((0, -1), (1, 0)), 200)


@pytest.mark.parametrize("width", [0, 1, 20, 79])
def test_a_narrow_terminal(width):
    assert len(line_of("det", 5, 10, pace_of((0, 0), (1, 5)), width)) <= width


def test_the_rate_is_a_recent_one():
    pace = pace_of(*((t, 100 * t) for t in range(100)), *((t, 10_000) for t in range(100, 200)))
    assert pace.rate_hz == 0
    assert pace.left_s(1) is None
    assert len(pace._samples) <= RATE_OVER_S + 2


def test_off_where_there_is_no_terminal():
    engine = RunEngine()
    assert keep_progress(engine, io.StringIO()) is None
    assert engine.waiting_hook is None
