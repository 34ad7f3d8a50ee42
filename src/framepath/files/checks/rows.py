"""The per-frame rows of a file: NDAttribute datasets, and framepath's own ledger."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from framepath.errors import FileUnreadable
from framepath.files.checks.stored import walk_datasets
from framepath.spec.ledger import LEDGER_DTYPE, Fate, LedgerRow

UNIQUE_ID = "NDArrayUniqueId"
TIME_STAMP = "NDArrayTimeStamp"

_NAME, _SOURCE = "NDAttrName", "NDAttrSource"
_ROUTING_NAMES = ("SaveDest", "HDF5FrameLocation")
_ROUTING_SOURCE = ":FrameType"
"""What routing attributes are called in the field, used when no value of them is an address."""


@dataclass(frozen=True, slots=True)
class AttributeRows:
    """The dataset of one NDAttribute, open.

    ``n_rows`` is its length, but 0 for the (1,) that ADCore leaves when no frame came.
    """

    name: str
    address: str
    source: str
    dataset: h5py.Dataset
    n_rows: int

    @property
    def is_text(self) -> bool:
        """Whether the values are strings."""
        return h5py.check_string_dtype(self.dataset.dtype) is not None

    def values(self) -> np.ndarray[Any, np.dtype[Any]]:
        """All rows: numbers in their own type, text as str objects."""
        raw = self.dataset[: self.n_rows]
        return np.array([text_of(v) for v in raw], object) if self.is_text else raw


def text_of(value: object) -> str:
    """Text of an HDF5 string, fixed or variable; bytes that are no UTF-8 show as U+FFFD."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def find_attributes(file: h5py.File) -> dict[str, AttributeRows]:
    """NDAttribute datasets of a file by NDAttribute name, wherever the layout put them.

    A dataset is one when it carries ``NDAttrName`` (layout 6n.5), or is called
    ``NDArrayUniqueId``.
    """
    found: dict[str, AttributeRows] = {}
    for address, dataset in walk_datasets(file):
        leaf = address.rpartition("/")[2]
        if dataset.ndim != 1 or not (_NAME in dataset.attrs or leaf == UNIQUE_ID):
            continue
        name = text_of(dataset.attrs.get(_NAME, leaf))
        source = text_of(dataset.attrs.get(_SOURCE, ""))
        found.setdefault(name, AttributeRows(name, address, source, dataset, _n_rows(dataset)))
    return found


def _n_rows(dataset: h5py.Dataset) -> int:
    untouched = dataset.chunks is not None and dataset.id.get_num_chunks() == 0
    return 0 if untouched and len(dataset) == 1 else len(dataset)


def destination_rows(
    attributes: Iterable[AttributeRows], n_rows: int, is_frames: Callable[[str], bool]
) -> AttributeRows | None:
    """The NDAttribute whose values say which dataset each frame went to.

    Parameters
    ----------
    attributes
        Candidates.
    n_rows
        Rows of NDArrayUniqueId: where it has more than one, one row is not per frame.
    is_frames
        Tells whether a text is the address of a dataset of frames.

    Returns
    -------
    The one with most such values; without any, one that the field uses for routing; else None.
    """
    texts = [a for a in attributes if a.is_text and (a.n_rows != 1 or n_rows == 1)]
    scores = {
        a.name: sum(n for text, n in Counter(a.values()).items() if is_frames(text)) for a in texts
    }
    for attribute in sorted(texts, key=lambda a: -scores[a.name]):
        routes = attribute.name in _ROUTING_NAMES or attribute.source.endswith(_ROUTING_SOURCE)
        if scores[attribute.name] or routes:
            return attribute
    return None


def ledger_rows(dataset: h5py.Dataset) -> list[LedgerRow]:
    """Rows of framepath's own ledger dataset.

    Raises
    ------
    FileUnreadable
        The dataset has other columns than `LEDGER_DTYPE`.
    """
    columns = dataset.dtype.names
    if columns is None or not set(LEDGER_DTYPE.names or ()) <= set(columns):
        raise FileUnreadable(
            "the ledger has columns that this version does not know",
            found=dataset.dtype,
            expected=LEDGER_DTYPE.names,
            where=f"{dataset.file.filename}:{dataset.name}",
            next_step="use the framepath version that wrote the file",
        )
    return [_ledger_row(record) for record in dataset[:]]


def _ledger_row(record: np.void) -> LedgerRow:
    return LedgerRow(
        unique_id=int(record["unique_id"]),
        frame_type=int(record["frame_type"]),
        destination=text_of(record["destination"]),
        index=int(record["index"]),
        timestamp=float(record["timestamp"]),
        stored=float(record["stored"]),
        fate=Fate(int(record["fate"])),
        reason=text_of(record["reason"]),
    )


def missing_ids(ids: Sequence[int]) -> list[tuple[int, int]]:
    """Ranges (first, last) of ids that do not occur between the least and the greatest."""
    present = sorted(set(ids))
    pairs = itertools.pairwise(present)
    return [(low + 1, high - 1) for low, high in pairs if high > low + 1]


def repeated_ids(ids: Sequence[int]) -> list[int]:
    """Ids that occur more than once, in rising order."""
    values, counts = np.unique(np.asarray(ids, np.int64), return_counts=True)
    return [int(v) for v in values[counts > 1]]
