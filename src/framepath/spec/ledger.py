"""The ledger row: what became of one frame."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np


class Fate(IntEnum):
    """How a frame ended; stored as uint8."""

    STORED = 0
    """In the dataset it was sent to."""
    STORED_IN_DEFAULT = 1
    """Its destination is no dataset of the layout; in the default one (what ADCore does)."""
    REFUSED = 2
    """Received by the writer and not written; the reason says why."""
    DROPPED = 3
    """Never reached the writer: a queue was full, or callbacks were off."""


class LedgerRow(NamedTuple):
    """One frame, one row.

    Attributes
    ----------
    unique_id
        ``NDArrayUniqueId``.
    frame_type
        Value of `FrameType`, or -1 where the frame does not say.
    destination
        HDF5 address of the dataset that holds the frame, or the address asked for when none does.
    index
        Index along the frame axis there; -1 when not stored.
    timestamp
        Driver's time, seconds since the EPICS epoch.
    stored
        Writer's time, seconds since the Unix epoch.
    fate, reason
        What happened, and for anything but ``STORED`` one sentence why.
    """

    unique_id: int
    frame_type: int
    destination: str
    index: int  # pyright: ignore[reportIncompatibleMethodOverride] (a column, not tuple.index)
    timestamp: float
    stored: float
    fate: Fate
    reason: str = ""


LEDGER_DTYPE = np.dtype(
    [
        ("unique_id", "<i8"),
        ("frame_type", "<i2"),
        ("destination", "S128"),
        ("index", "<i8"),
        ("timestamp", "<f8"),
        ("stored", "<f8"),
        ("fate", "<u1"),
        ("reason", "S127"),
    ]
)
"""Element type of the ledger dataset; text is UTF-8, cut at a character boundary."""
