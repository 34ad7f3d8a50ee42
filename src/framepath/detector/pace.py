"""When the frames of an acquisition begin."""

from __future__ import annotations

import math

WAITED_S = 0.005
"""A frame that waited longer for its trigger begins with it; less is the noise of threads."""


class Pace:
    """Frames begin a period apart; what one is late, up to a period, the next one makes up.

    Without that every frame is late by what the frame before it took too long, and a series of a
    thousand by as much a thousand times. Times are seconds on any clock that does not jump.
    """

    def __init__(self) -> None:
        self._due_s = -math.inf

    def begin(self, asked_s: float, now_s: float, period_s: float) -> None:
        """A frame begins that was asked for at ``asked_s``."""
        is_in_time = 0 <= now_s - self._due_s < period_s and now_s - asked_s < WAITED_S
        began_s = self._due_s if is_in_time else now_s
        self._due_s = began_s + period_s

    def left_s(self, now_s: float) -> float:
        """Time until the next frame may begin; not positive when it may."""
        return self._due_s - now_s
