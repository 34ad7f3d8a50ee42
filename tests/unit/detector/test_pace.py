"""When frames begin: on a clock of the test's own."""

from __future__ import annotations

import pytest

from framepath.detector.pace import Pace


def begun(pace, now_s, period_s=1.0, waited_s=0.0):
    """Begin a frame; when the next one may."""
    pace.begin(now_s - waited_s, now_s, period_s)
    return now_s + pace.left_s(now_s)


def test_frames_that_are_late_do_not_make_all_others_late():
    pace, now_s = Pace(), 100.0
    for n_frames in range(1, 1001):
        now_s = begun(pace, now_s + 0.3)
        assert now_s == pytest.approx(100.3 + n_frames)


def test_what_took_longer_than_a_period_is_not_made_up():
    pace = Pace()
    assert begun(pace, 0.0) == 1.0
    assert begun(pace, 2.5) == 3.5
    assert begun(pace, 3.5) == 4.5


def test_a_trigger_that_was_waited_for_begins_the_period():
    pace = Pace()
    assert begun(pace, 0.0) == 1.0
    assert begun(pace, 1.7, waited_s=0.7) == 2.7


@pytest.mark.parametrize("period_s", [0.0, -1.0])
def test_without_a_period_nothing_is_waited_for(period_s):
    pace = Pace()
    for now_s in (5.0, 5.1, 9.0):
        assert begun(pace, now_s, period_s) <= now_s
