"""One NDAttribute's dataset, and the values that wait for it (rule 6n)."""

from __future__ import annotations

from array import array
from typing import Any

import h5py
import numpy as np

from framepath.layout.model import When
from framepath.spec.ndattribute import STRING_BYTES, NDAttribute, NDAttrType, NDAttrValue
from framepath.writing.growing import ColumnDataset, GrowingDataset, PlacedDataset
from framepath.writing.hdf5_values import fitting_bytes, text_type, write_text_attribute

_FLOATS = (NDAttrType.FLOAT32, NDAttrType.FLOAT64)


class Column:
    """One NDAttribute of a file.

    Attributes
    ----------
    name, kind, when
        Of the NDAttribute and of its dataset in the layout; ``kind`` is fixed at open.
    last
        The value added last, None before the first.
    """

    def __init__(self, name: str, kind: NDAttrType, when: When, dataset: ColumnDataset) -> None:
        self.name = name
        self.kind = kind
        self.when = when
        self.last: Any = None
        self._dataset = dataset
        self._text: str | bytes = b""
        self._raw = b""
        self._waiting = self._nothing()

    def _nothing(self) -> Any:
        """An empty list of values; an ``array`` refuses what its type cannot hold."""
        if self.kind in (NDAttrType.STRING, NDAttrType.UNDEFINED):
            return []
        return array(np.dtype(self.kind.dtype).char)

    def add(self, value: NDAttrValue) -> None:
        """Keep a value until the next `write`.

        Raises
        ------
        TypeError, OverflowError
            The column's type cannot hold it; nothing was kept.
        """
        if self.kind is NDAttrType.STRING:
            value = self._as_stored(value)
        self._waiting.append(value)
        self.last = value

    def _as_stored(self, value: Any) -> bytes:
        if value != self._text:
            if not isinstance(value, (str, bytes)):
                raise TypeError(f"{type(value).__name__} is not text")
            self._raw = fitting_bytes(value, STRING_BYTES - 1)
            self._text = value
        return self._raw

    def missing(self) -> NDAttrValue:
        """What is stored where a frame has no value: NaN, "" or 0."""
        if self.kind is NDAttrType.STRING:
            return b""
        return float("nan") if self.kind in _FLOATS else 0

    def take_back(self) -> None:
        """Forget the value added last."""
        self._waiting.pop()

    def write(self, places: list[tuple[int, ...]] | None = None) -> None:
        """Store the waiting values; ``places`` is for a dataset with extra dimensions."""
        waiting, self._waiting = self._waiting, self._nothing()
        if not len(waiting):
            return
        if self.kind is NDAttrType.UNDEFINED:
            self._dataset.grow(len(waiting), places)
        else:
            self._dataset.append(np.array(waiting, self.kind.dtype), places)

    def at_least_one_row(self) -> None:
        """Give an empty dataset one row of fill, as ADCore leaves it (rule 6n.4)."""
        if not self._dataset.n_rows:
            self._dataset.grow(1, None)

    def flush(self) -> None:
        """Make what was written visible to readers."""
        self._dataset.flush()


def create_column_dataset(
    group: h5py.h5g.GroupID,
    name: str,
    kind: NDAttrType,
    chunk_rows: int,
    place_chunk: tuple[int, ...] | None = None,
    index_axis: int | None = None,
) -> ColumnDataset:
    """An empty NDAttribute dataset: rank 1 (rule 6n.3), or (lead..., 1, 1) for DimAttDatasets.

    The latter with a ``place_chunk``; with an ``index_axis`` it has one row an index of that
    leading axis.
    """
    if kind is NDAttrType.STRING:
        # h5py 3.16 would store a pointer as the fill value of fixed-length text.
        file_type, fill = text_type(STRING_BYTES), None
    else:
        file_type = h5py.h5t.py_create(kind.dtype)
        fill = np.array(np.nan if kind is NDAttrType.UNDEFINED else 0, kind.dtype)
    if index_axis is not None:
        return PlacedDataset.along_one(group, name, file_type, chunk_rows, fill, index_axis)
    if place_chunk is not None:
        return PlacedDataset.along_all(group, name, file_type, place_chunk, fill)
    return GrowingDataset.create(group, name, file_type, chunk_rows, fill)


def describe(dataset: h5py.h5d.DatasetID, attribute: NDAttribute) -> None:
    """The HDF5 attributes of an NDAttribute dataset; empty ones are left out (rule 6n.5)."""
    for name, text in (
        ("NDAttrName", attribute.name),
        ("NDAttrDescription", attribute.description),
        ("NDAttrSourceType", attribute.source_type.value),
        ("NDAttrSource", attribute.source),
    ):
        if text and not h5py.h5a.exists(dataset, name.encode()):
            write_text_attribute(dataset, name, text)
