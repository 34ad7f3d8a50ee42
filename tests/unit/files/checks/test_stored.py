"""Which frames a dataset stores, for any chunking, found without reading pixels."""

from __future__ import annotations

import itertools
import math

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepath.files.checks.ledger import audit
from framepath.files.checks.placing import frame_type_of
from framepath.files.checks.stored import stored_frames
from framepath.spec.frame_type import FrameType


@st.composite
def geometries(draw):
    """Leading shape, frame shape, chunks of both, and the indices of frames that are written."""
    leading = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    frame = (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    chunks = tuple(draw(st.integers(1, n)) for n in leading + frame)
    every = list(itertools.product(*(range(n) for n in leading)))
    return leading, frame, chunks, draw(st.lists(st.sampled_from(every), unique=True))


@settings(max_examples=60, deadline=None)
@given(geometries(), st.integers(0, 4))
def test_a_frame_is_stored_when_all_its_chunks_exist(geometry, endless):
    leading, frame, chunks, indices = geometry
    shape = leading + frame
    most = tuple(None if axis == endless else n for axis, n in enumerate(shape))
    options = {"driver": "core", "backing_store": False, "libver": "v110"}
    with h5py.File("memory", "w", **options) as file:
        dataset = file.create_dataset("d", shape, "u2", maxshape=most, chunks=chunks)
        dataset.attrs["NDArrayNumDims"] = 2
        touched = np.zeros(leading, bool)
        for index in indices:
            dataset[index] = 1
            # A chunk may hold several frames: writing one makes all of them exist.
            block = tuple(
                slice(i // c * c, i // c * c + c) for i, c in zip(index, chunks, strict=False)
            )
            touched[block] = True
        found = stored_frames("/d", dataset)
    np.testing.assert_array_equal(found.written, touched.ravel())


@pytest.mark.parametrize("filter", [{}, hdf5plugin.Bitshuffle(cname="lz4"), {"compression": 4}])
@pytest.mark.parametrize("shape", [(20, 30), (300, 400)])
def test_frames_of_fill_are_found_however_they_are_stored(filter, shape):
    rng = np.random.default_rng(1)
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        chunks = (1, *shape)
        dataset = file.create_dataset("d", (5, *shape), "u2", chunks=chunks, fillvalue=7, **filter)
        for index in range(5):
            dataset[index] = rng.poisson(0.1, shape) if index % 2 else 7
        dataset[4, -1, -1] = 8  # one pixel makes a frame
        assert list(stored_frames("/d", dataset).all_fill()) == [0, 2]


def test_single_mode_has_no_frame_axis(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["d"] = np.ones((4, 6), "u2")
        file["d"].attrs["NDArrayNumDims"] = 2
        ids = file.create_dataset("ids", data=np.array([5], "i4"))
        ids.attrs["NDAttrName"] = "NDArrayUniqueId"
    result = audit(tmp_path / "f.h5")
    assert (result.n_complete, result.rows[0].index, result.findings) == (1, 0, ())


def test_colour_frames_have_three_axes():
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        dataset = file.create_dataset("d", data=np.ones((2, 4, 6, 3), "u1"), chunks=(1, 4, 6, 1))
        dataset.attrs["NDArrayNumDims"] = 3
        found = stored_frames("/d", dataset)
        assert (found.n_stored, found.frame_shape) == (2, (4, 6, 3))
        assert math.prod(found.read(1).shape) == 72


@pytest.mark.parametrize(
    ("address", "frame_type"),
    [
        ("/entry/data/data", FrameType.IMAGE),
        ("/exchange/data_white", FrameType.FLAT),
        ("/entry/data/data_000003", FrameType.IMAGE),
        ("/scan/darks", FrameType.DARK),
        ("/scan/flat_2", FrameType.FLAT),
        ("/scan/Background", FrameType.DARK),
        ("/entry/detector/detector", None),
    ],
)
def test_frame_types_that_addresses_tell(address, frame_type):
    assert frame_type_of(address) is frame_type


def test_a_view_of_thousands_of_frames_is_read_once(tmp_path):
    n = 3000
    with h5py.File(tmp_path / "raw.h5", "w") as file:
        file.create_dataset("d", data=np.ones((n, 2, 2), "u1"), chunks=(1, 2, 2))
    layout = h5py.VirtualLayout((n, 2, 2), "u1")
    source = h5py.VirtualSource("raw.h5", "d", (n, 2, 2))
    for index in range(n):
        layout[index] = source[index]
    with h5py.File(tmp_path / "v.h5", "w", libver=("earliest", "v110")) as file:
        file.create_virtual_dataset("entry/data", layout)
        file["entry/image_key"] = np.zeros(n, "i4")
    assert audit(tmp_path / "v.h5").n_stored == n
