"""The frames of a finished file in the order in which they were taken, and what each was for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from framepath.errors import FileUnreadable, SettingsError
from framepath.files.checks.evidence import Evidence, frame_type_in
from framepath.files.checks.stored import StoredFrames
from framepath.spec.frame_type import FrameType
from framepath.spec.ledger import Fate, LedgerRow


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What a view needs to know; the file may be closed by then.

    Attributes
    ----------
    rows
        Stored frames only, in acquisition order.
    frame_types
        One a row.
    shapes
        Shape (frames, y, x) of each dataset that rows name.
    dtype
        Type of a pixel, the same in all.
    """

    rows: tuple[LedgerRow, ...]
    frame_types: tuple[FrameType, ...]
    shapes: Mapping[str, tuple[int, ...]]
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, y, x) of all frames together."""
        y, x = next(iter(self.shapes.values()))[1:]
        return len(self.rows), y, x

    def of_type(self, frame_type: FrameType) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which rows are of a type, bool (frames,)."""
        return np.array([kind == frame_type for kind in self.frame_types])

    def rows_of(self, frame_type: FrameType) -> list[LedgerRow]:
        """Rows of one type, in acquisition order."""
        pairs = zip(self.rows, self.frame_types, strict=True)
        return [row for row, kind in pairs if kind == frame_type]


def acquisition_of(evidence: Evidence, named: Mapping[str, FrameType]) -> Acquisition:
    """Put the frames of a file in order.

    Parameters
    ----------
    evidence
        Of the open file.
    named
        Frame types of datasets by address, for those whose rows and names do not tell.

    Raises
    ------
    FileUnreadable
        No stored frames, or frames that are not all of one size (y, x) and type.
    SettingsError
        The frame type of a dataset cannot be told.
    """
    stored = {frames.address: frames for frames in evidence.stored}
    rows = tuple(
        row for row in evidence.rows or _in_stored_order(evidence) if _is_held(row, stored)
    )
    if not rows:
        raise FileUnreadable(
            "there are no frames to view",
            found="no stored frame whose place in the acquisition is known",
            where=evidence.file.filename,
            next_step="run: framepath ledger FILE",
        )
    used = {row.destination: stored[row.destination].dataset for row in rows}
    _check_alike(used, evidence.file.filename)
    types = {row: _frame_type(row, named, evidence.file.filename) for row in set(rows)}
    return Acquisition(
        rows=rows,
        frame_types=tuple(types[row] for row in rows),
        shapes={address: dataset.shape for address, dataset in used.items()},
        dtype=next(iter(used.values())).dtype,
    )


def _is_held(row: LedgerRow, stored: Mapping[str, StoredFrames]) -> bool:
    frames = stored.get(row.destination)
    return (
        frames is not None and 0 <= row.index < frames.n_length and bool(frames.written[row.index])
    )


def _in_stored_order(evidence: Evidence) -> list[LedgerRow]:
    """Rows for a file that has none and keeps all frames in one dataset."""
    holders = [frames for frames in evidence.stored if frames.n_stored]
    if len(holders) != 1:
        return []
    nan, address = float("nan"), holders[0].address
    held = np.flatnonzero(holders[0].written).tolist()
    return [LedgerRow(-1, -1, address, index, nan, nan, Fate.STORED) for index in held]


def _check_alike(datasets: Mapping[str, h5py.Dataset], file: str) -> None:
    kinds = {(dataset.shape[1:], dataset.dtype) for dataset in datasets.values()}
    if len(kinds) == 1 and all(dataset.ndim == 3 for dataset in datasets.values()):
        return
    found = ", ".join(f"{a} {d.dtype} {d.shape}" for a, d in datasets.items())
    raise FileUnreadable(
        "these frames cannot be put into one stack",
        found=found,
        expected="(frames, y, x), with one size and one pixel type",
        where=file,
        next_step="view each dataset by itself",
    )


def _frame_type(row: LedgerRow, named: Mapping[str, FrameType], file: str) -> FrameType:
    frame_type = named.get(row.destination, frame_type_in(row))
    if frame_type is None:
        raise SettingsError(
            "whether these are images, darks or flats is not recorded",
            found=row.destination,
            where=file,
            next_step=f"say so: --frame-type {row.destination}=image (or dark, flat)",
        )
    return frame_type
