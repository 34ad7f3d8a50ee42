"""The performance table: five times and rates a frame (rule 8)."""

from __future__ import annotations

from array import array

import h5py
import numpy as np

DATASET_NAME = "timestamp"
_COLUMNS = 5
_POINTS_WITHOUT_LIMIT = 1_000_000


class PerformanceTable:
    """Collects one row a frame and writes them when the file is closed.

    Columns: seconds in the write call, seconds since the previous frame's end (first row: since
    the file was opened), seconds since the first frame, Mbit/s of this frame, Mbit/s so far.
    """

    def __init__(self, frame_bytes: int, num_capture: int, opened_s: float) -> None:
        self._mbit = 8 * frame_bytes / 2**20
        self._points = num_capture or _POINTS_WITHOUT_LIMIT
        self._previous_end = opened_s
        self._first_start: float | None = None
        self._values = array("d")

    def add(self, start_s: float, end_s: float) -> None:
        """Record a frame written between two readings of one clock, in seconds."""
        if self._first_start is None:
            self._first_start = start_s
        n = len(self._values) // _COLUMNS + 1
        if n > self._points:
            return
        period = end_s - self._previous_end
        total = end_s - self._first_start
        self._previous_end = end_s
        self._values.extend(
            (
                *(end_s - start_s, period, total),
                self._mbit / period if period > 0 else 0.0,
                n * self._mbit / total if total > 0 else 0.0,
            )
        )

    def rows(self) -> np.ndarray:
        """float64 (frames, 5)."""
        return np.frombuffer(self._values, np.float64).reshape(-1, _COLUMNS)


def create_dataset(group: h5py.h5g.GroupID, name: str, chunk_rows: int) -> h5py.h5d.DatasetID:
    """The empty table, (0, 5), unlimited (rule 8.1)."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((chunk_rows, _COLUMNS))
    unlimited = h5py.h5s.UNLIMITED
    space = h5py.h5s.create_simple((0, _COLUMNS), (unlimited, unlimited))
    return h5py.h5d.create(group, name.encode(), h5py.h5t.NATIVE_DOUBLE, space, plist)


def write_rows(dataset: h5py.h5d.DatasetID, rows: np.ndarray) -> None:
    """Store the whole table, float64 (frames, 5)."""
    if len(rows):
        dataset.set_extent(rows.shape)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(rows))
