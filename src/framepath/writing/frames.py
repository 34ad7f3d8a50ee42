"""A detector dataset: frames in, counted, each at its place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import h5py
import numpy as np

from framepath.spec.frame import Frame
from framepath.writing.encoding import Encoding
from framepath.writing.filter_version import options_as_given
from framepath.writing.hdf5_values import write_number_attribute
from framepath.writing.placing import CountedPlaces, NamedPlaces

_INT32 = np.dtype("i4")
_LEAST_CACHE_BYTES = 1 << 20


class FrameDataset:
    """One detector dataset of an open file.

    Attributes
    ----------
    address
        HDF5 address.
    places
        Decides where each frame goes.
    n_written
        Frames whose bytes libhdf5 has taken.
    """

    def __init__(
        self,
        address: str,
        dataset: h5py.h5d.DatasetID,
        encoding: Encoding,
        places: CountedPlaces | NamedPlaces,
    ) -> None:
        self.address = address
        self.places = places
        self.n_written = 0
        self._dataset = dataset
        self._direct = encoding.direct
        # Given as the memory's type too, as ADCore does: libhdf5 would clip pixels for n-bit.
        self._file_type = dataset.get_type()
        self._lead = (0,) * len(encoding.geometry.lead_sizes)
        self._frame_shape = encoding.geometry.frame_shape
        self._frame_zero = (0,) * len(self._frame_shape)
        self._flushed = True

    def write(self, payload: np.ndarray[Any, Any], place: tuple[int, ...]) -> None:
        """Store what `Encoding.payload` made of a frame."""
        self._reach(place)
        offset = place + self._frame_zero
        if self._direct:
            self._dataset.write_direct_chunk(offset, payload)
        else:
            space = self._dataset.get_space()
            space.select_hyperslab(offset, (1,) * len(place) + payload.shape)
            memory = h5py.h5s.create_simple(payload.shape)
            self._dataset.write(memory, space, payload, mtype=self._file_type)
        self.n_written += 1
        self._flushed = False

    def _reach(self, place: tuple[int, ...]) -> None:
        """Grow the leading axes just so far that ``place`` exists."""
        lead = tuple(max(size, at + 1) for size, at in zip(self._lead, place, strict=True))
        if lead != self._lead:
            self._dataset.set_extent(lead + self._frame_shape)
            self._lead = lead

    def at_least_one_frame(self) -> None:
        """Give an empty dataset one frame of fill, as ADCore leaves it (rule 6d.4)."""
        self._reach((0,) * len(self._lead))

    def flush(self) -> bool:
        """Make what was written visible to readers; whether there was anything."""
        if self._flushed:
            return False
        self._dataset.flush()
        self._flushed = True
        return True


def create_frame_dataset(
    group: h5py.h5g.GroupID, name: str, encoding: Encoding, fill_value: float
) -> h5py.h5d.DatasetID:
    """An empty detector dataset (rules 6d.1 and 11)."""
    geometry = encoding.geometry
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk(geometry.chunk)
    plist.set_fill_value(_fill(fill_value, geometry.dtype))
    encoding.set_filter(plist)
    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    access.set_chunk_cache(*_chunk_cache(encoding), 1.0)
    space = h5py.h5s.create_simple(geometry.empty_shape, geometry.max_shape)
    as_given = options_as_given() if encoding.keeps_options else nullcontext()
    with as_given:
        kind = encoding.file_type()
        return h5py.h5d.create(group, name.encode(), kind, space, plist, None, access)


def _fill(value: float, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """``FillValue`` as a pixel, within the type's limits."""
    if dtype.kind == "f":
        return np.array(value, dtype)
    limits = np.iinfo(dtype)
    whole = 0 if math.isnan(value) else max(limits.min, min(limits.max, value))
    return np.array(int(whole), dtype)


def _chunk_cache(encoding: Encoding) -> tuple[int, int]:
    """Slots and bytes: nothing where chunks are written directly, else every open chunk.

    A chunk that many frames or rows share must stay in memory until it is full, or libhdf5
    encodes it again for each frame.
    """
    geometry = encoding.geometry
    if encoding.direct:
        return 0, 0
    n_lead = len(geometry.lead_sizes)
    tiles = math.prod(
        -(-size // chunk)
        for size, chunk in zip(geometry.frame_shape, geometry.chunk[n_lead:], strict=True)
    )
    chunk_bytes = math.prod(geometry.chunk) * geometry.dtype.itemsize
    return 10 * tiles + 1, max(_LEAST_CACHE_BYTES, tiles * chunk_bytes)


def write_dimension_attributes(dataset: h5py.h5d.DatasetID, frame: Frame) -> None:
    """The four attributes that describe the first frame, fastest axis first (rule 6d.5)."""
    dimensions = frame.ndarray_dimensions()
    table: dict[str, Sequence[int]] = {
        "NDArrayNumDims": [len(dimensions)],
        "NDArrayDimOffset": [d.offset for d in dimensions],
        "NDArrayDimBinning": [d.binning for d in dimensions],
        "NDArrayDimReverse": [int(d.reverse) for d in dimensions],
    }
    for name, numbers in table.items():
        if not h5py.h5a.exists(dataset, name.encode()):
            write_number_attribute(dataset, name, numbers, _INT32)
