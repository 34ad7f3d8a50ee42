"""Datasets that grow: by blocks of rows, or element by element along extra dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import h5py
import numpy as np

Parent: TypeAlias = h5py.h5g.GroupID | h5py.h5f.FileID
Places = list[tuple[int, ...]] | None
Fill = np.ndarray[Any, np.dtype[Any]] | None
"""Zero-dimensional; None is libhdf5's own, all zero bytes."""


def _create(
    parent: Parent,
    name: str,
    file_type: h5py.h5t.TypeID,
    chunk: tuple[int, ...],
    fill: Fill,
    max_shape: tuple[int, ...],
    links: h5py.h5p.PropLCID | None = None,
) -> h5py.h5d.DatasetID:
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk(chunk)
    if fill is not None:
        plist.set_fill_value(fill)
    # Without a chunk cache rows go straight to the file, and a flush rewrites no chunk.
    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    access.set_chunk_cache(0, 0, 1.0)
    empty = tuple(0 if n == h5py.h5s.UNLIMITED else n for n in max_shape)
    space = h5py.h5s.create_simple(empty, max_shape)
    return h5py.h5d.create(parent, name.encode(), file_type, space, plist, links, access)


@dataclass(slots=True)
class GrowingDataset:
    """Rank 1, unlimited; ``n_rows`` have been appended."""

    id: h5py.h5d.DatasetID
    file_type: h5py.h5t.TypeID
    n_rows: int = 0

    @classmethod
    def create(
        cls,
        parent: Parent,
        name: str,
        file_type: h5py.h5t.TypeID,
        chunk_rows: int,
        fill: Fill,
        links: h5py.h5p.PropLCID | None = None,
    ) -> GrowingDataset:
        """An empty dataset."""
        unlimited = (h5py.h5s.UNLIMITED,)
        dataset = _create(parent, name, file_type, (chunk_rows,), fill, unlimited, links)
        return cls(dataset, file_type)

    def append(self, rows: np.ndarray[Any, np.dtype[Any]], places: Places = None) -> None:
        """Add a block, (n,), of the dataset's type."""
        first = self.n_rows
        self.grow(len(rows))
        space = self.id.get_space()
        space.select_hyperslab((first,), (len(rows),))
        self.id.write(h5py.h5s.create_simple((len(rows),)), space, rows, mtype=self.file_type)

    def grow(self, n_rows: int, places: Places = None) -> None:
        """Extend by ``n_rows`` of fill."""
        self.n_rows += n_rows
        self.id.set_extent((self.n_rows,))

    def flush(self) -> None:
        """Make what was written visible to SWMR readers."""
        self.id.flush()


@dataclass(slots=True)
class PlacedDataset:
    """Elements at the places of their frames along extra dimensions, in whatever order they come.

    It follows some of the frames' leading ``axes`` and has ``n_ones`` axes of length 1 after them;
    ``extent`` is its length along those that it follows.
    """

    id: h5py.h5d.DatasetID
    file_type: h5py.h5t.TypeID
    axes: tuple[int, ...]
    n_ones: int
    extent: tuple[int, ...]
    n_rows: int = 0

    @classmethod
    def along_all(
        cls,
        parent: Parent,
        name: str,
        file_type: h5py.h5t.TypeID,
        chunk: tuple[int, ...],
        fill: Fill,
    ) -> PlacedDataset:
        """An empty dataset with every extra dimension and two of length 1 (``DimAttDatasets``).

        ``chunk`` is along the leading axes of the frame dataset, slowest first; () for none.
        """
        rank = len(chunk)
        max_shape = (h5py.h5s.UNLIMITED,) * rank + (1, 1)
        dataset = _create(parent, name, file_type, (*chunk, 1, 1), fill, max_shape)
        return cls(dataset, file_type, tuple(range(rank)), 2, (0,) * rank)

    @classmethod
    def along_one(
        cls,
        parent: Parent,
        name: str,
        file_type: h5py.h5t.TypeID,
        chunk_rows: int,
        fill: Fill,
        axis: int,
    ) -> PlacedDataset:
        """An empty dataset of rank 1 that follows one leading axis (``PosIndexDim``)."""
        unlimited = (h5py.h5s.UNLIMITED,)
        dataset = _create(parent, name, file_type, (chunk_rows,), fill, unlimited)
        return cls(dataset, file_type, (axis,), 0, (0,))

    def append(self, rows: np.ndarray[Any, np.dtype[Any]], places: Places = None) -> None:
        """Write each element of ``rows``, (n,), at its frame's place."""
        self.grow(len(rows), places)
        space, one = self.id.get_space(), h5py.h5s.create_simple((1,))
        count = (1,) * (len(self.axes) + self.n_ones)
        for i, place in enumerate(self._followed(places)):
            space.select_hyperslab((*place, *(0,) * self.n_ones), count)
            self.id.write(one, space, rows[i : i + 1], mtype=self.file_type)

    def grow(self, n_rows: int, places: Places = None) -> None:
        """Extend so that every place exists; without places to one element."""
        self.n_rows += n_rows
        lengths = zip(self.extent, *self._followed(places), strict=True)
        self.extent = tuple(max(length, 1 + max(at)) for length, *at in lengths)
        self.id.set_extent((*self.extent, *(1,) * self.n_ones))

    def _followed(self, places: Places) -> list[tuple[int, ...]]:
        if not places:
            return [(0,) * len(self.axes)]
        return [tuple(place[axis] for axis in self.axes) for place in places]

    def flush(self) -> None:
        """Make what was written visible to SWMR readers."""
        self.id.flush()


ColumnDataset: TypeAlias = GrowingDataset | PlacedDataset
