"""The put lane: order, urgency, own puts, and a handler that fails."""

from __future__ import annotations

import threading

import pytest

from framepath.detector.records.dispatch import Companion, PutLane, Setpoint, own_put


@pytest.fixture
def lane():
    made = PutLane()
    yield made
    made.stop()


def test_puts_are_handled_in_order_and_completed_after_their_handler(lane):
    seen = []
    for number in range(100):
        put = Setpoint(lambda value: seen.append(("put", value)))
        lane(put, (number,), lambda value: seen.append(("done", value)), (number,))
    lane.start()
    lane.stop()
    assert seen == [(what, number) for number in range(100) for what in ("put", "done")]


def test_an_urgent_put_does_not_wait(lane):
    seen = []
    urgent = Setpoint(seen.append, lambda value: value == 0)
    lane(urgent, (1,))
    lane(urgent, (0,))
    assert seen == [0]
    lane.start()
    lane.stop()
    assert seen == [0, 1]


def test_a_companion_completes_when_the_work_is_done(lane):
    kept, done = [], threading.Event()
    lane(Companion(kept.append), (1,), done.set)
    lane.start()
    lane.stop()
    assert not done.is_set()
    kept[0]()
    assert done.is_set()


def test_own_puts_reach_no_handler_but_complete(lane):
    seen, done = [], []
    with own_put():
        lane(Setpoint(seen.append), (1,), lambda: done.append(1))
        lane(Companion(seen.append), (1,), lambda: done.append(2))
    lane(Setpoint(seen.append), (2,))
    lane.start()
    lane.stop()
    assert (seen, done) == ([2], [1, 2])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_lane_outlives_a_failing_handler(lane):
    def fail(value):
        raise RuntimeError(f"handler of {value}")

    seen, done = threading.Event(), []
    lane(Setpoint(fail), (1,), lambda: done.append("failed put"))
    lane(Setpoint(lambda value: seen.set()), (2,))
    failing = lane._thread
    lane.start()
    failing.join(30)
    assert seen.wait(30)
    assert done == ["failed put"]
