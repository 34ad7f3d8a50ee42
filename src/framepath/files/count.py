"""How many frames a dataset really holds."""

from __future__ import annotations

from collections import Counter

import h5py

from framepath.files.chunk_index import (
    ChunkTable,
    chunk_starts,
    chunk_table,
    exists,
    is_listed_wrongly,
    n_chunks,
)
from framepath.files.follow import hard_linked, object_number

_LOOK_BACK = 64
"""Chunks looked for one by one from the end, before the whole chunk index is read: a writer that
grows its dataset in blocks leaves that many behind."""
_UNIQUE_ID = "NDArrayUniqueId"


def table_of_few(dataset: h5py.Dataset) -> ChunkTable | None:
    """Where the chunks of a dataset lie, if asking for all costs no more than counting them."""
    if dataset.chunks is None or not 0 < n_chunks(dataset) <= _LOOK_BACK:
        return None
    if is_listed_wrongly(dataset):
        return None
    return chunk_table(dataset)


def n_stored(dataset: h5py.Dataset, known: int = 0, table: ChunkTable | None = None) -> int:
    """Frames up to the last one that was ever written, along axis 0.

    Frames whose chunk does not exist at the end of a dataset were promised, not stored: the one
    frame of a detector dataset that never received any (layout 6d.4), the rest of a preallocated
    dataset, what a killed writer grew ahead. Layouts without chunks are stored whole or not at all.

    Parameters
    ----------
    dataset
        (frames, y, x, ...), or (y, x) for one frame; not virtual.
    known
        Frames known to be there from an earlier count.
    table
        Of `table_of_few`, for a file that nobody writes.
    """
    n_frames = dataset.shape[0] if dataset.ndim > 2 else 1
    if dataset.chunks is None or n_frames == 0:
        return n_frames if _has_bytes(dataset) else 0
    a_chunk = dataset.chunks[0] if dataset.ndim > 2 else 1
    if table is not None:
        return min(n_frames, table.n_stored * a_chunk)
    if is_listed_wrongly(dataset):
        starts = chunk_starts(dataset) if dataset.id.get_num_chunks() else ()
        stored = (at[0] + a_chunk for at in starts if exists(dataset, at))
        return min(n_frames, next(stored, 0))
    last = -(-n_frames // a_chunk) - 1
    if last >= _LOOK_BACK and (known or dataset.id.get_num_chunks()):
        for chunk in range(last, last - _LOOK_BACK, -1):
            if exists(dataset, (chunk * a_chunk, *(0,) * (dataset.ndim - 1))):
                return min(n_frames, (chunk + 1) * a_chunk)
    offsets = [-a_chunk]
    dataset.id.chunk_iter(lambda info: offsets.append(info.chunk_offset[0]))
    if dataset.ndim < 3:
        return int(len(offsets) > 1)
    return min(n_frames, max(offsets) + a_chunk)


def _has_bytes(dataset: h5py.Dataset) -> bool:
    plist = dataset.id.get_create_plist()
    if plist.get_layout() != h5py.h5d.CONTIGUOUS or plist.get_external_count():
        return True
    return dataset.id.get_offset() is not None


class AttributeRows:
    """The NDAttribute rows of a file that is being written, as a bound on its frame counts.

    A writer appends ``NDArrayUniqueId`` last (layout 6n.6): a frame without that row is not
    complete. Rows count the frames of all datasets together (layout 6d.6); the rows of the routing
    attribute tell them apart, frames for an unknown address being somewhere among the others.

    Parameters
    ----------
    file
        The open file; hard links only are looked at.
    """

    def __init__(self, file: h5py.File) -> None:
        self._file = file
        self._unique_id: h5py.Dataset | None = None
        self._strings: list[h5py.Dataset] = []
        self._destinations: h5py.Dataset | None = None
        self._counts: Counter[int | None] = Counter()
        file.visititems(self._note)

    def _note(self, name: str, item: object) -> None:
        if not isinstance(item, h5py.Dataset) or "NDAttrName" not in item.attrs:
            return
        if _text(item.attrs["NDAttrName"]) == _UNIQUE_ID:
            self._unique_id = item
        elif item.dtype.kind == "S":
            self._strings.append(item)

    def bound(self, dataset: h5py.Dataset) -> int | None:
        """Most frames that ``dataset`` can hold complete; None when rows do not tell."""
        if self._unique_id is None:
            return None
        self._unique_id.refresh()
        n_rows = self._unique_id.shape[0]
        self._destinations = self._destinations or self._found_destinations()
        if self._destinations is None:
            return n_rows
        self._count_up_to(n_rows)
        n_own = self._counts[object_number(dataset)]
        return n_own + self._counts[None] if n_own else None

    def _found_destinations(self) -> h5py.Dataset | None:
        for rows in self._strings:
            rows.refresh()
            if rows.shape[0] and self._number(rows[0]) is not None:
                return rows
        return None

    def _count_up_to(self, n_rows: int) -> None:
        assert self._destinations is not None
        self._destinations.refresh()
        values = self._destinations[self._counts.total() : n_rows]
        for value, n in Counter(values.tolist()).items():
            self._counts[self._number(value)] += n

    def _number(self, value: bytes) -> int | None:
        """Object number of the dataset at an address; None when the text is no such address."""
        node = hard_linked(self._file, value.decode(errors="replace"))
        return object_number(node) if isinstance(node, h5py.Dataset) else None


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
