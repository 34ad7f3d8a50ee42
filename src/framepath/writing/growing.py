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
    """Extra dimensions and two of length 1 (``DimAttDatasets``): one element a frame's place."""

    id: h5py.h5d.DatasetID
    file_type: h5py.h5t.TypeID
    extent: list[int]
    n_rows: int = 0

    @classmethod
    def create(
        cls,
        parent: Parent,
        name: str,
        file_type: h5py.h5t.TypeID,
        chunk_rows: int,
        fill: Fill,
        lead_sizes: tuple[int, ...],
    ) -> PlacedDataset:
        """An empty dataset; ``lead_sizes`` are those of the frame dataset, slowest first."""
        last = chunk_rows if lead_sizes[-1] == h5py.h5s.UNLIMITED else lead_sizes[-1]
        chunk = (1,) * (len(lead_sizes) - 1) + (min(chunk_rows, last), 1, 1)
        max_shape = (h5py.h5s.UNLIMITED,) * len(lead_sizes) + (1, 1)
        dataset = _create(parent, name, file_type, chunk, fill, max_shape)
        return cls(dataset, file_type, [0] * len(lead_sizes))

    def append(self, rows: np.ndarray[Any, np.dtype[Any]], places: Places = None) -> None:
        """Write each element of ``rows``, (n,), at its place along the extra dimensions."""
        self.grow(len(rows), places)
        space, one = self.id.get_space(), h5py.h5s.create_simple((1,))
        for i, place in enumerate(places or ()):
            space.select_hyperslab((*place, 0, 0), (1,) * (len(place) + 2))
            self.id.write(one, space, rows[i : i + 1], mtype=self.file_type)

    def grow(self, n_rows: int, places: Places = None) -> None:
        """Extend so that every place exists; without places to one element."""
        self.n_rows += n_rows
        reached = [max(axis) + 1 for axis in zip(*places, strict=True)] if places else [1]
        reached += [1] * (len(self.extent) - len(reached))
        self.extent = [max(a, b) for a, b in zip(self.extent, reached, strict=True)]
        self.id.set_extent((*self.extent, 1, 1))

    def flush(self) -> None:
        """Make what was written visible to SWMR readers."""
        self.id.flush()
