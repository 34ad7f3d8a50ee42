"""Frames held in memory until they are written on demand (``FileWriteMode`` Capture)."""

from __future__ import annotations

from collections import Counter

from framepath.errors import WriteFailed
from framepath.spec.frame import Frame
from framepath.writing.routing import Route

Held = tuple[Frame, Route]


class CaptureBuffer:
    """Frames by reference, each with the route chosen when it came."""

    def __init__(self) -> None:
        self._held: list[Held] = []
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, frame: Frame, route: Route) -> int:
        """Keep a frame; returns the index that it will have in its dataset."""
        self._held.append((frame, route))
        self._counts[route.destination] += 1
        return self._counts[route.destination] - 1

    def take_all(self) -> list[Held]:
        """Empty the buffer; WriteFailed when there is nothing in it."""
        if not self._held:
            raise WriteFailed(
                "no captured frames to write",
                found="an empty capture buffer",
                expected="frames given to write() in Capture mode",
                next_step="capture first, then write once",
            )
        held, self._held = self._held, []
        self._counts.clear()
        return held
