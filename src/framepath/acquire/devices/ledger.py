"""Frames triggered, received and stored: counted from three sources, recorded in the run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from event_model import DataKey

from framepath.acquire.devices.exposures import Shot
from framepath.errors import FramesLost
from framepath.spec.documents import FILE_ON_IOC_KEY, LEDGER_STREAM
from framepath.spec.frame_type import FrameType


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What became of the frames of one type in one file.

    Attributes
    ----------
    detector, frame_type
        Whose frames; the type by name.
    triggered
        Frames the plan asked for.
    received
        Frames the driver produced, by its own counter.
    stored
        Frames found in the file after it was closed and opened again.
    file, dataset
        Where they are, as this machine spells it; "" when nothing was stored.
    file_on_ioc
        The same file as the IOC spells it.
    """

    detector: str
    frame_type: str
    triggered: int
    received: int
    stored: int
    file: str
    dataset: str
    file_on_ioc: str = ""

    @property
    def balances(self) -> bool:
        """All three counts agree."""
        return self.triggered == self.received == self.stored

    def __str__(self) -> str:
        return (
            f"{self.detector} {self.frame_type}: {self.triggered} triggered, "
            f"{self.received} received, {self.stored} stored"
        )


def check_balance(entries: Iterable[LedgerEntry]) -> None:
    """Raise when any count disagrees.

    Raises
    ------
    FramesLost
        Names every entry that does not balance, and its file.
    """
    broken = [entry for entry in entries if not entry.balances]
    if broken:
        raise FramesLost(
            "triggered, received and stored frames disagree",
            found="; ".join(map(str, broken)),
            expected="three equal counts",
            where=", ".join(sorted({entry.file for entry in broken if entry.file})) or None,
            next_step="framepath ledger FILE shows which unique ids are missing; "
            "received < triggered means the detector, stored < received the plugin queue or disk",
        )


@dataclass
class FrameCounts:
    """Counts of a staging while it lasts, by frame type.

    ``triggered`` is counted by the plan's requests, ``received`` by the driver's counter.
    """

    triggered: Counter[FrameType] = field(default_factory=Counter[FrameType])
    received: Counter[FrameType] = field(default_factory=Counter[FrameType])

    @property
    def n_triggered(self) -> int:
        """Frames of all types asked for."""
        return self.triggered.total()

    def cut_short(self, shot: Shot) -> None:
        """A shot was aborted on purpose: what it did not take was not lost."""
        n_taken = self.received[shot.frame_type] - shot.n_received_before
        self.triggered[shot.frame_type] -= max(shot.n_frames - n_taken, 0)


class LedgerStream:
    """Entries as an event stream that a RunEngine collects: all at once, and once.

    Collected and not read one by one, because a pause may cut a read or save in two.
    """

    parent = None
    name = LEDGER_STREAM

    def __init__(self, entries: Iterable[LedgerEntry], on_collected: Callable[[], None]) -> None:
        self._entries = tuple(entries)
        self._on_collected = on_collected

    @property
    def hints(self) -> dict[str, Any]:
        """Nothing to plot."""
        return {"fields": []}

    def describe_collect(self) -> dict[str, DataKey]:
        """Data keys of an entry."""
        return {
            key: DataKey(source="framepath", dtype=dtype, shape=[], dtype_numpy=numpy_type)
            for key, (dtype, numpy_type) in _LEDGER_KEYS.items()
        }

    def collect(self) -> Iterator[dict[str, Any]]:
        """One event an entry."""
        entries, self._entries = self._entries, ()
        if entries:
            self._on_collected()
        now = time.time()
        for entry in entries:
            yield {
                "data": {key: getattr(entry, key) for key in _LEDGER_KEYS},
                "timestamps": dict.fromkeys(_LEDGER_KEYS, now),
                "time": now,
            }

    def read_configuration(self) -> dict[str, Any]:
        """None."""
        return {}

    def describe_configuration(self) -> dict[str, Any]:
        """None."""
        return {}


_LEDGER_KEYS: dict[str, tuple[Any, str]] = {
    "detector": ("string", "<U64"),
    "frame_type": ("string", "<U32"),
    "triggered": ("integer", "<i8"),
    "received": ("integer", "<i8"),
    "stored": ("integer", "<i8"),
    "file": ("string", "<U1024"),
    "dataset": ("string", "<U256"),
    FILE_ON_IOC_KEY: ("string", "<U1024"),
}
