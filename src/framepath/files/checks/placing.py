"""Which frame of which dataset a row means: the routing of ADCore, replayed on a finished file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import h5py

from framepath.files.checks.stored import StoredFrames, dataset_at
from framepath.files.follow import object_number
from framepath.spec.addresses import ENTRY_DESTINATIONS, EXCHANGE_DESTINATIONS
from framepath.spec.frame_type import FrameType
from framepath.spec.ledger import Fate, LedgerRow

_TYPE_OF_ADDRESS = {
    address: frame_type
    for table in (ENTRY_DESTINATIONS, EXCHANGE_DESTINATIONS)
    for frame_type, address in table.items()
}


def frame_type_of(address: str) -> FrameType | None:
    """Frame type that an address tells: the known ones, else its last name ("flat", "dark_1").

    None when neither says.
    """
    if address in _TYPE_OF_ADDRESS:
        return _TYPE_OF_ADDRESS[address]
    leaf = address.rpartition("/")[2].lower()
    words = [word for word in leaf.split("_") if not word.isdigit() and word != "data"]
    try:
        return FrameType.of_name(words[0].rstrip("s")) if words else FrameType.IMAGE
    except ValueError:
        return None


def object_id(dataset: h5py.Dataset) -> tuple[str, int]:
    """The same for every link to one dataset: its file, and the address of its header there."""
    return os.path.realpath(dataset.file.filename), object_number(dataset)


@dataclass(frozen=True, slots=True)
class Destinations:
    """The datasets of frames of an open file, to be found by any address that reaches them."""

    file: h5py.File
    stored: dict[tuple[str, int], StoredFrames]

    def at(self, address: str) -> StoredFrames | None:
        """The frames at an absolute address, links followed; None when it is no such dataset."""
        if not address.startswith("/"):
            return None  # layout 6d.3: without the leading slash it is no address
        dataset = dataset_at(self.file, address)
        return None if dataset is None else self.stored.get(object_id(dataset))


def place(
    unique_ids: Sequence[int],
    timestamps: Sequence[float],
    names: Sequence[str],
    destinations: Destinations,
) -> list[LedgerRow]:
    """Give each row the dataset and index of its frame.

    A dataset's frames are taken in the order of the rows that name it; rows that name none go to
    the dataset that holds more frames than are named for it, as ADCore's default does (6d.3).

    Parameters
    ----------
    unique_ids, timestamps
        One a frame, in acquisition order; s since the EPICS epoch, NaN where unknown.
    names
        The address that each frame named; "" for a file without destination rows.
    destinations
        The datasets of the file.
    """
    holders = {name: destinations.at(name) for name in set(names)}
    default = _default(names, holders, destinations)
    next_index: Counter[str] = Counter()
    rows: list[LedgerRow] = []
    for unique_id, timestamp, name in zip(unique_ids, timestamps, names, strict=True):
        holder = holders[name] or default
        address = holder.address if holder else name
        frame_type = frame_type_of(address) if address else None
        kind = -1 if frame_type is None else int(frame_type)
        index, fate, reason = _index_and_fate(name, holders[name], holder, next_index)
        rows.append(
            LedgerRow(int(unique_id), kind, address, index, float(timestamp), nan, fate, reason)
        )
    return rows


def _default(
    names: Sequence[str],
    holders: dict[str, StoredFrames | None],
    destinations: Destinations,
) -> StoredFrames | None:
    """Where frames that name no dataset went: the one with frames to spare, None if not one."""
    named = Counter(holder.address for name in names if (holder := holders[name]))
    unnamed = sum(1 for name in names if holders[name] is None)
    if not unnamed:
        return None
    spare = {s.address: s.n_stored - named[s.address] for s in destinations.stored.values()}
    exact = [s for s in destinations.stored.values() if spare[s.address] == unnamed]
    some = exact or [s for s in destinations.stored.values() if spare[s.address] > 0]
    if not some and len(destinations.stored) == 1:
        some = list(destinations.stored.values())
    return some[0] if len(some) == 1 else None


def _index_and_fate(
    name: str, named: StoredFrames | None, holder: StoredFrames | None, used: Counter[str]
) -> tuple[int, Fate, str]:
    if holder is None and not name:
        return -1, Fate.STORED, "no row says in which dataset"
    if holder is None:
        return -1, Fate.REFUSED, f"{name} is no dataset of frames"
    nth = used[holder.address]
    used[holder.address] += 1
    index = holder.index_of(nth)
    if index is None:
        return -1, Fate.REFUSED, f"{holder.address} does not hold frame {nth}"
    if named is None and name:
        return index, Fate.STORED_IN_DEFAULT, f"{name} is no dataset of frames"
    return index, Fate.STORED, ""
