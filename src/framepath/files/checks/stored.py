"""What a dataset of frames really stores: which frames have their chunks, which are all fill."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from framepath.errors import FileUnreadable
from framepath.files.chunk_index import stored_chunks
from framepath.files.opened import FileSet
from framepath.spec.addresses import LEDGER_ADDRESS

Mask = np.ndarray[Any, np.dtype[np.bool_]]

_NUM_DIMS = "NDArrayNumDims"
"""HDF5 attribute that ADCore puts on every detector dataset (layout 6d.5)."""

_OWN_GROUP = LEDGER_ADDRESS.rpartition("/")[0] + "/"

_COMPRESSING_FILTERS = frozenset({1, 4, 32001, 32004, 32008, 32015, 32019})
"""Deflate, szip, Blosc, LZ4, bitshuffle/LZ4, zstd, JPEG: one value fills far under 1/8 of it."""
_SMALL_FRAME_BYTES = 65536


@dataclass(frozen=True, slots=True)
class StoredFrames:
    """A dataset of frames, open, with what is known of its storage.

    Attributes
    ----------
    address
        Where it was found, in the file that was opened.
    dataset
        The open dataset, which may live in another file.
    n_frame_axes
        Axes of one frame: 2, or 3 for colour and stacks; the axes before them count frames.
    written
        bool (frames,), frames in C order of the leading axes: every chunk of the frame exists.
    stored_bytes
        int64 (frames,): bytes of the chunks that hold the frame, 0 where that is not known.
    missing_sources
        For a virtual dataset: names of sources that are not there, or are too short.
    """

    address: str
    dataset: h5py.Dataset
    n_frame_axes: int
    written: Mask
    stored_bytes: np.ndarray[Any, np.dtype[np.int64]]
    missing_sources: tuple[str, ...] = ()

    @property
    def n_length(self) -> int:
        """Frames that the shape promises."""
        return len(self.written)

    @property
    def n_stored(self) -> int:
        """Frames whose every chunk exists; ADCore's untouched (1, y, x) counts 0."""
        return int(self.written.sum())

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of one frame, slowest axis first."""
        return self.dataset.shape[self.dataset.ndim - self.n_frame_axes :]

    def index_of(self, nth: int) -> int | None:
        """Index of the nth frame that was sent here; None when it is not there.

        With extra dimensions, frames may have been placed by position: the nth written one is
        taken.
        """
        if self.dataset.ndim - self.n_frame_axes > 1:
            held = np.flatnonzero(self.written)
            return int(held[nth]) if nth < len(held) else None
        return nth if nth < self.n_length and self.written[nth] else None

    def read(self, frame: int, rows: slice = slice(None)) -> np.ndarray[Any, np.dtype[Any]]:
        """Pixels of one frame, or some of its rows, in the dataset's type."""
        leading = self.dataset.shape[: self.dataset.ndim - self.n_frame_axes]
        index = np.unravel_index(frame, leading) if leading else ()
        return self.dataset[(*(int(i) for i in index), rows)]

    def all_fill(self) -> Iterator[int]:
        """Indices of written frames whose pixels all equal the fill value."""
        fill = self.dataset.fillvalue
        for frame in np.flatnonzero(self._may_be_fill()):
            index = int(frame)
            # The first row settles it for nearly every frame, and is cheap where chunks are raw.
            if np.all(self.read(index, slice(0, 1)) == fill) and np.all(self.read(index) == fill):
                yield index

    def _may_be_fill(self) -> Mask:
        n_bytes = math.prod(self.frame_shape) * self.dataset.dtype.itemsize
        plist = self.dataset.id.get_create_plist()
        filters = {plist.get_filter(i)[0] for i in range(plist.get_nfilters())}
        if n_bytes < _SMALL_FRAME_BYTES or not filters & _COMPRESSING_FILTERS:
            return self.written
        return self.written & (self.stored_bytes <= n_bytes // 8)


def is_frame_dataset(dataset: h5py.Dataset) -> bool:
    """Whether a detector wrote it: it carries ADCore's ``NDArrayNumDims`` (layout 6d.5)."""
    return _NUM_DIMS in dataset.attrs


def looks_like_frames(dataset: h5py.Dataset) -> bool:
    """Numbers in three dimensions or more, for files whose writer left no mark."""
    return dataset.ndim >= 3 and dataset.dtype.kind in "iuf"


def stored_frames(address: str, dataset: h5py.Dataset) -> StoredFrames:
    """Find out which frames of a dataset are stored; reads the chunk index, no pixels."""
    n_axes = int(dataset.attrs.get(_NUM_DIMS, 2))
    n_axes = min(n_axes, dataset.ndim)
    leading = dataset.shape[: dataset.ndim - n_axes]
    n_bytes = np.zeros(math.prod(leading), np.int64)
    missing: tuple[str, ...] = ()
    if dataset.is_virtual:
        written, missing = _written_virtual(dataset, math.prod(leading))
    elif dataset.chunks is None:
        written = np.full(math.prod(leading), dataset.id.get_storage_size() > 0)
    else:
        written, n_bytes = _written_chunks(dataset, dataset.chunks, leading)
    return StoredFrames(address, dataset, n_axes, written, n_bytes, missing)


def _written_chunks(
    dataset: h5py.Dataset, chunks: tuple[int, ...], leading: tuple[int, ...]
) -> tuple[Mask, np.ndarray[Any, np.dtype[np.int64]]]:
    n_leading = len(leading)
    grid = tuple(-(-n // c) for n, c in zip(leading, chunks, strict=False))
    n_chunks, n_bytes = np.zeros(grid, np.int64), np.zeros(grid, np.int64)

    for start, size in stored_chunks(dataset):
        at = tuple(o // c for o, c in zip(start[:n_leading], chunks, strict=False))
        if any(place >= n for place, n in zip(at, grid, strict=True)):
            continue  # written since the shape was read: the file is growing
        n_chunks[at] += 1
        n_bytes[at] += size
    frame_axes = zip(dataset.shape[n_leading:], chunks[n_leading:], strict=True)
    complete = n_chunks >= math.prod(-(-n // c) for n, c in frame_axes)
    for axis, length in enumerate(leading):
        keep = np.arange(length) // chunks[axis]
        complete, n_bytes = complete.take(keep, axis), n_bytes.take(keep, axis)
    return complete.ravel(), n_bytes.ravel()


def _written_virtual(dataset: h5py.Dataset, n_frames: int) -> tuple[Mask, tuple[str, ...]]:
    """Frames whose source is there; mappings are taken along axis 0, as framepath makes them."""
    written = np.zeros(n_frames, np.bool_)
    masks: dict[tuple[str, str], Mask] = {}
    missing: dict[str, None] = {}
    for source in dataset.virtual_sources():
        key = (source.file_name, source.dset_name)
        if key not in masks:
            masks[key] = _written_in_source(dataset.file, *key)
        low, high = (int(corner[0]) for corner in source.vspace.get_select_bounds())
        # A source mapped whole keeps no bounds of its own.
        whole = source.src_space.get_select_type() == h5py.h5s.SEL_ALL
        first = 0 if whole else int(source.src_space.get_select_bounds()[0][0])
        found = masks[key][first : first + high - low + 1]
        written[low : low + len(found)] |= found
        if len(found) < high - low + 1:
            missing[":".join(key)] = None
    return written, tuple(missing)


def _written_in_source(file: h5py.File, name: str, address: str) -> Mask:
    """Mask of a virtual dataset's source; empty when there is none."""
    if name == ".":
        return _written_at(file, address)
    with FileSet() as files:
        try:
            opened = files.open(Path(file.filename).parent / name)
        except FileUnreadable:
            return np.zeros(0, np.bool_)
        return _written_at(opened.h5, address)


def _written_at(file: h5py.File, address: str) -> Mask:
    dataset = dataset_at(file, address)
    return np.zeros(0, np.bool_) if dataset is None else stored_frames(address, dataset).written


def item_at(file: h5py.Group, address: str) -> h5py.HLObject | None:
    """The object at an address, links followed; None when there is none to open."""
    try:
        return file[address]
    except (KeyError, OSError):  # h5py raises either for a link that leads nowhere
        return None


def dataset_at(file: h5py.Group, address: str) -> h5py.Dataset | None:
    """The dataset at an address, links followed; None when there is none to open."""
    item = item_at(file, address)
    return item if isinstance(item, h5py.Dataset) else None


def walk_datasets(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Every dataset but framepath's own, once, with its first address; all in this file."""
    found: list[tuple[str, h5py.Dataset]] = []

    def keep(name: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset) and not f"/{name}".startswith(_OWN_GROUP):
            found.append((f"/{name}", item))

    file.visititems(keep)
    yield from found
