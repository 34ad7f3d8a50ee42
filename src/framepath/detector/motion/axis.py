"""How a motor moves: it accelerates, cruises and brakes; its position is a function of time alone.

No clock and no thread in here, so that a position is exact however late someone asks for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of constant acceleration: ``velocity`` at its beginning, units/s and units/s^2."""

    duration_s: float
    velocity: float
    acceleration: float = 0.0

    def position_after(self, time_s: float) -> float:
        """Distance covered ``time_s`` after the phase began."""
        return self.velocity * time_s + 0.5 * self.acceleration * time_s**2

    def velocity_after(self, time_s: float) -> float:
        """Velocity ``time_s`` after the phase began."""
        return self.velocity + self.acceleration * time_s


def move_phases(distance: float, velocity: float, acceleration: float) -> tuple[Phase, ...]:
    """A move from rest to rest; too short a distance never reaches ``velocity``.

    ``velocity`` and ``acceleration`` are positive, ``distance`` has the sign of the move.
    """
    sign = math.copysign(1.0, distance)
    top = min(velocity, math.sqrt(abs(distance) * acceleration))
    ramp_s = top / acceleration
    cruise_s = abs(distance) / top - ramp_s if top else 0.0
    return (
        Phase(ramp_s, 0.0, sign * acceleration),
        Phase(max(0.0, cruise_s), sign * top),
        Phase(ramp_s, sign * top, -sign * acceleration),
    )


def stop_phases(velocity: float, acceleration: float) -> tuple[Phase, ...]:
    """Braking from ``velocity`` (any sign) to rest."""
    return (Phase(abs(velocity) / acceleration, velocity, -math.copysign(acceleration, velocity)),)


class Axis:
    """One axis; times are seconds on any clock that does not jump.

    Parameters
    ----------
    position
        Where it is at the start, units of the axis.
    """

    def __init__(self, position: float = 0.0) -> None:
        self._from = self._to = position
        self._began_s = 0.0
        self._acceleration = 1.0
        self._phases: tuple[Phase, ...] = ()

    @property
    def end(self) -> float:
        """Where it is at rest when nothing else is asked of it."""
        return self._to

    @property
    def ends_s(self) -> float:
        """When it comes to rest."""
        return self._began_s + sum(phase.duration_s for phase in self._phases)

    def is_moving(self, now_s: float) -> bool:
        """Whether it has not come to rest."""
        return now_s < self.ends_s

    def position(self, now_s: float) -> float:
        """Where it is."""
        if not self.is_moving(now_s):
            return self._to
        position, left_s = self._from, now_s - self._began_s
        for phase in self._phases:
            position += phase.position_after(min(left_s, phase.duration_s))
            left_s -= phase.duration_s
            if left_s <= 0:
                break
        return position

    def velocity(self, now_s: float) -> float:
        """How fast it moves, units/s."""
        left_s = now_s - self._began_s
        for phase in self._phases:
            if left_s < phase.duration_s:
                return phase.velocity_after(left_s)
            left_s -= phase.duration_s
        return 0.0

    def set_position(self, position: float) -> None:
        """Be at ``position``, at rest, at once."""
        self._from = self._to = position
        self._phases = ()

    def move(self, target: float, velocity: float, acceleration: float, now_s: float) -> None:
        """Set out for ``target`` from rest; both rates are positive."""
        here = self.position(now_s)
        self._follow(here, target, move_phases(target - here, velocity, acceleration), now_s)
        self._acceleration = acceleration

    def stop(self, now_s: float) -> None:
        """Brake, as hard as the move accelerated."""
        here, velocity = self.position(now_s), self.velocity(now_s)
        if velocity:
            phases = stop_phases(velocity, self._acceleration)
            self._follow(here, here + phases[0].position_after(phases[0].duration_s), phases, now_s)
        else:
            self.set_position(here)

    def _follow(self, start: float, end: float, phases: tuple[Phase, ...], now_s: float) -> None:
        self._from, self._to, self._phases, self._began_s = start, end, phases, now_s
