"""Frames held in memory until they are written on demand (``FileWriteMode`` Capture)."""

from __future__ import annotations

from collections import Counter

from framepath.errors import WriteFailed
from framepath.spec.frame import Frame
from framepath.spec.ledger import LedgerRow
from framepath.writing.routing import Route

Held = tuple[Frame, Route] | LedgerRow


class CaptureBuffer:
    """Frames by reference with the routes chosen when they came, and what was lost between."""

    def __init__(self) -> None:
        self._held: list[Held] = []
        self._counts: Counter[str] = Counter()

    @property
    def n_frames(self) -> int:
        """Frames held."""
        return self._counts.total()

    def hold(self, frame: Frame, route: Route) -> int:
        """Keep a frame; returns the index that it will have in its dataset."""
        self._held.append((frame, route))
        self._counts[route.destination] += 1
        return self._counts[route.destination] - 1

    def hold_row(self, row: LedgerRow) -> None:
        """Keep the ledger row of a frame that is not stored, in the order of arrival."""
        self._held.append(row)

    def take_all(self) -> list[Held]:
        """Empty the buffer; WriteFailed when there is no frame in it."""
        if not self.n_frames:
            raise WriteFailed(
                "no captured frames to write",
                found="an empty capture buffer",
                expected="frames given to write() in Capture mode",
                next_step="capture first, then write once",
            )
        held, self._held = self._held, []
        self._counts.clear()
        return held
