"""The motion of an axis is a function of time alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framepath.detector.motion.axis import Axis

positions = st.floats(-500, 500)
rates = st.floats(0.1, 100)


def test_cruises_at_constant_velocity_between_ramps():
    axis = Axis()
    axis.move(100.0, velocity=10.0, acceleration=20.0, now_s=5.0)
    assert axis.position(5.0) == 0.0
    assert axis.position(5.5) == pytest.approx(2.5)  # half a second of acceleration
    assert axis.velocity(5.5) == pytest.approx(10.0)
    assert axis.position(7.5) - axis.position(6.5) == pytest.approx(10.0)
    assert axis.ends_s == pytest.approx(5.0 + 10.0 + 0.5)  # distance / velocity + one ramp
    assert axis.position(axis.ends_s + 1) == 100.0


def test_a_short_move_never_reaches_full_velocity():
    axis = Axis()
    axis.move(-1.0, velocity=10.0, acceleration=4.0, now_s=0.0)
    assert axis.ends_s == pytest.approx(1.0)
    assert axis.position(0.5) == pytest.approx(-0.5)
    assert axis.velocity(0.5) == pytest.approx(-2.0)


def test_stop_brakes_as_hard_as_it_accelerated():
    axis = Axis()
    axis.move(100.0, velocity=10.0, acceleration=20.0, now_s=0.0)
    here = axis.position(3.0)
    axis.stop(3.0)
    assert axis.end == pytest.approx(here + 2.5)
    assert axis.ends_s == pytest.approx(3.5)
    assert not axis.is_moving(3.5 + 1e-9)


@given(start=positions, target=positions, velocity=rates, acceleration=rates, part=st.floats(0, 1))
def test_it_ends_at_the_target_and_never_leaves_the_way(
    start, target, velocity, acceleration, part
):
    axis = Axis(start)
    axis.move(target, velocity, acceleration, now_s=0.0)
    somewhere = axis.position(part * axis.ends_s)
    assert min(start, target) - 1e-6 <= somewhere <= max(start, target) + 1e-6
    assert abs(axis.velocity(part * axis.ends_s)) <= velocity * (1 + 1e-9)
    almost = axis.position(axis.ends_s * (1 - 1e-12))
    assert almost == pytest.approx(target, abs=1e-6 * (1 + abs(target - start)))
    assert axis.position(axis.ends_s) == target
