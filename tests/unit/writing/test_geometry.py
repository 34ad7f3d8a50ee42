"""Shapes, chunks, extra dimensions, position mode, colours and pixel types."""

from __future__ import annotations

import itertools
import math

import h5py
import numpy as np
import pytest

from framepath.errors import FrameRefused, SettingsError
from framepath.layout.model import Mode
from framepath.spec.frame import ColorMode, DataType, Dimension, Frame
from framepath.spec.ledger import Fate
from framepath.spec.ndattribute import NDAttrType
from framepath.writing import FileWriteMode, RoutedWriter, WriterSettings
from unit.writing.recipes import ONE_DATASET, ROUTED, frame, number, sent_to


def write(path, frames, layout=ONE_DATASET, **settings):
    with RoutedWriter(path, layout, WriterSettings(**settings)) as writer:
        return [writer.write(one) for one in frames]


@pytest.mark.parametrize("kind", DataType)
def test_every_pixel_type(tmp_path, kind):
    pixels = np.arange(24).reshape(4, 6).astype(kind.dtype)
    limits = np.iinfo if pixels.dtype.kind in "iu" else np.finfo
    pixels[0, 0], pixels[0, 1] = limits(pixels.dtype).min, limits(pixels.dtype).max
    path = tmp_path / "types.h5"
    write(path, [Frame(pixels, 1)])
    with h5py.File(path) as file:
        assert file["/entry/data"].dtype == kind.dtype
        np.testing.assert_array_equal(file["/entry/data"][0], pixels)


@pytest.mark.parametrize(
    ("shape", "mode"),
    [
        ((7,), ColorMode.MONO),
        ((4, 6), ColorMode.MONO),
        ((4, 6, 3), ColorMode.RGB1),
        ((4, 3, 6), ColorMode.RGB2),
        ((3, 4, 6), ColorMode.RGB3),
        ((5, 4, 6), ColorMode.MONO),
    ],
)
def test_every_frame_shape(tmp_path, shape, mode):
    path = tmp_path / "shapes.h5"
    frames = [
        Frame((np.arange(math.prod(shape)) + i).reshape(shape).astype("u2"), i, color_mode=mode)
        for i in range(3)
    ]
    write(path, frames)
    with h5py.File(path) as file:
        data = file["/entry/data"]
        assert data.chunks == (1, *shape)
        np.testing.assert_array_equal(data[()], [one.data for one in frames])
        assert data.attrs["NDArrayNumDims"] == len(shape)


def test_the_first_frames_dimensions_are_told_fastest_first(tmp_path):
    path = tmp_path / "dimensions.h5"
    place = (Dimension(6, offset=10, binning=2), Dimension(4, offset=20, reverse=True))
    write(path, [frame(0, dimensions=place)])
    with h5py.File(path) as file:
        told = {name: np.asarray(v).tolist() for name, v in file["/entry/data"].attrs.items()}
    assert told == {
        "NDArrayNumDims": 2,
        "NDArrayDimOffset": [10, 20],
        "NDArrayDimBinning": [2, 1],
        "NDArrayDimReverse": [0, 1],
    }


@pytest.mark.parametrize(
    ("settings", "chunk"),
    [
        ({}, (1, 4, 6)),
        ({"chunk_rows": 3}, (1, 3, 6)),
        ({"chunk_columns": 2}, (1, 4, 2)),
        ({"chunk_rows": 99, "chunk_columns": 99}, (1, 4, 6)),
        ({"frame_chunks": 4}, (4, 4, 6)),
        ({"frame_chunks": 0}, (1, 4, 6)),
        ({"frame_chunks": 9, "num_capture": 5, "unlimited": False}, (5, 4, 6)),
        ({"frame_chunks": 2, "chunk_rows": 3, "chunk_columns": 5}, (2, 3, 5)),
    ],
)
def test_chunks(tmp_path, settings, chunk):
    path = tmp_path / "chunks.h5"
    write(path, [frame(i) for i in range(5)], **settings)
    with h5py.File(path) as file:
        assert file["/entry/data"].chunks == chunk
        expected = [np.full((4, 6), i + 1) for i in range(5)]
        np.testing.assert_array_equal(file["/entry/data"][()], expected)


def test_a_frame_in_another_byte_order_or_memory_order(tmp_path):
    path = tmp_path / "order.h5"
    pixels = np.arange(24).reshape(4, 6)
    turned = np.asfortranarray(pixels.astype("u2"))
    write(path, [Frame(pixels.astype("<u2"), 1), Frame(pixels.astype(">u2"), 2), Frame(turned, 3)])
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["/entry/data"][()], [pixels] * 3)


def test_extra_dimensions_fill_with_the_first_fastest(tmp_path):
    path = tmp_path / "grid.h5"
    rows = write(path, [frame(i) for i in range(6)], extra_dimensions=(3, 2))
    with h5py.File(path) as file:
        data = file["/entry/data"]
        assert data.shape == data.maxshape == (2, 3, 4, 6)
        assert data.chunks == (1, 1, 4, 6)
        assert data[:, :, 0, 0].tolist() == [[1, 2, 3], [4, 5, 6]]
        assert file["/entry/attributes/NDArrayUniqueId"].shape == (6,)
    assert [row.index for row in rows] == list(range(6))


def test_extra_dimensions_stopped_early(tmp_path):
    path = tmp_path / "stopped.h5"
    write(path, [frame(i) for i in range(4)], extra_dimensions=(3, 2), num_capture=100)
    with h5py.File(path) as file:
        assert file["/entry/data"].shape == (2, 3, 4, 6)
        assert file["/entry/data"].id.get_num_chunks() == 4
        assert file["/entry/attributes/NDArrayUniqueId"].shape == (4,)


def test_no_more_frames_than_the_extra_dimensions_hold(tmp_path):
    with RoutedWriter(
        tmp_path / "full.h5", ONE_DATASET, WriterSettings(extra_dimensions=(2, 2))
    ) as writer:
        for i in range(4):
            writer.write(frame(i))
        with pytest.raises(FrameRefused, match="4 frames"):
            writer.write(frame(4))


def test_all_ten_extra_sizes(tmp_path):
    path = tmp_path / "nine.h5"
    sizes = (2, 1, 2, 1, 1, 1, 1, 1, 1, 2)
    write(path, [frame(i) for i in range(8)], extra_dimensions=sizes)
    with h5py.File(path) as file:
        assert file["/entry/data"].shape == (*reversed(sizes), 4, 6)
        assert file["/entry/data"][..., 0, 0].ravel().tolist() == list(range(1, 9))
    with pytest.raises(SettingsError, match="extra_dimensions"):
        WriterSettings(extra_dimensions=(1,) * 11).check()


def at(index, n, x):
    return frame(index, number("n", n, NDAttrType.INT32), number("x", x, NDAttrType.INT32))


PLACED = {"extra_dimensions": (3, 2), "position_attributes": ("n", "x")}


class TestPositionMode:
    def test_frames_go_to_the_place_they_name(self, tmp_path):
        path = tmp_path / "placed.h5"
        places = list(itertools.product(range(3), range(2)))
        order = [3, 0, 5, 1, 4, 2]
        rows = write(path, [at(i, *places[i]) for i in order], **PLACED)
        with h5py.File(path) as file:
            data = file["/entry/data"]
            assert data.shape == (2, 3, 4, 6)
            for i, (n, x) in enumerate(places):
                assert data[x, n, 0, 0] == i + 1
        assert [row.index for row in rows] == [x * 3 + n for n, x in (places[i] for i in order)]

    @pytest.mark.parametrize("place", [(3, 0), (0, 2), (-1, 0), (0.5, 0)])
    def test_a_place_outside_is_refused(self, tmp_path, place):
        bad = frame(1, number("n", place[0]), number("x", place[1]))
        with RoutedWriter(tmp_path / "outside.h5", ONE_DATASET, WriterSettings(**PLACED)) as writer:
            writer.write(frame(0, number("n", 0), number("x", 0)))
            with pytest.raises(FrameRefused, match="frame 2"):
                writer.write(bad)
            with pytest.raises(FrameRefused, match="n = None"):
                writer.write(frame(2))
        assert writer.n_stored == 1

    def test_a_place_taken_twice(self, tmp_path):
        with RoutedWriter(tmp_path / "strict.h5", ONE_DATASET, WriterSettings(**PLACED)) as writer:
            writer.write(at(0, 1, 1))
            with pytest.raises(FrameRefused, match="second time"):
                writer.write(at(1, 1, 1))
        path = tmp_path / "compat.h5"
        rows = write(path, [at(0, 1, 1), at(1, 1, 1)], mode=Mode.COMPAT, **PLACED)
        assert rows[1].reason == "replaces an earlier frame at (1, 1)"
        with h5py.File(path) as file:
            assert file["/entry/data"][1, 1, 0, 0] == 2

    def test_positions_are_for_the_default_dataset_only(self, tmp_path):
        path = tmp_path / "routed.h5"
        frames = [
            sent_to(0, "/entry/data/dark"),
            sent_to(1, "/entry/data/dark"),
            sent_to(2, "/entry/data/data", number("n", 2), number("x", 1)),
        ]
        write(path, frames, ROUTED, mode=Mode.COMPAT, **PLACED)
        with h5py.File(path) as file:
            assert file["/entry/data/dark"][..., 0, 0].tolist() == [[1, 2]]
            assert file["/entry/data/data"][1, 2, 0, 0] == 3


def test_attribute_datasets_with_the_frames_dimensions(tmp_path):
    path = tmp_path / "dimensioned.h5"
    frames = [
        sent_to(i, "/entry/data/dark" if i == 2 else "/entry/data/data", number("Theta", i / 2))
        for i in range(6)
    ]
    write(path, frames, ROUTED, extra_dimensions=(3, 2), dim_attribute_datasets=True)
    with h5py.File(path) as file:
        theta = file["/entry/attributes/Theta"]
        assert theta.shape == (2, 3, 1, 1)
        assert theta[..., 0, 0].tolist() == [[0, 0.5, 1.5], [2, 2.5, 0]]
        assert file["/entry/data/data"][..., 0, 0].tolist() == [[1, 2, 4], [5, 6, 0]]


def test_dim_att_datasets_without_extra_dimensions(tmp_path):
    path = tmp_path / "plain.h5"
    frames = [
        sent_to(i, ("/entry/data/data", "/entry/data/flat")[i % 2], number("Theta", i))
        for i in range(5)
    ]
    write(path, frames, ROUTED, dim_attribute_datasets=True)
    with h5py.File(path) as file:
        assert file["/entry/attributes/Theta"][:, 0, 0].tolist() == [0, 2, 4]


GRID = {"extra_dimensions": (2, 3), "frames_a_place": 2, "num_capture": 6}
UNLIMITED = None


@pytest.mark.parametrize(
    ("settings", "shape", "most", "chunk"),
    [
        (GRID, (3, 2, 1, 1), (UNLIMITED, UNLIMITED, 1, 1), (2, 3, 1, 1)),
        (GRID | {"num_capture": 4}, (2, 2, 1, 1), (UNLIMITED, UNLIMITED, 1, 1), (2, 3, 1, 1)),
        (GRID | {"ndattribute_chunk": 7}, (3, 2, 1, 1), (UNLIMITED, UNLIMITED, 1, 1), (7, 7, 1, 1)),
        ({"num_capture": 6}, (6, 1, 1), (UNLIMITED, 1, 1), (1, 1, 1)),
        ({"num_capture": 6, "frames_a_place": 4}, (6, 1, 1), (UNLIMITED, 1, 1), (4, 1, 1)),
        ({}, (6, 1, 1), (UNLIMITED, 1, 1), (32, 1, 1)),
        ({"write_mode": FileWriteMode.SINGLE}, (1, 1), (1, 1), (1, 1)),
    ],
)
def test_dim_att_datasets_have_adcores_shape_and_chunk(tmp_path, settings, shape, most, chunk):
    """NDFileHDF5.cpp calculateAttributeChunking: size i for axis i, though axis 0 is the slowest.

    Values stored once have the same rank and one element.
    """
    path = tmp_path / "chunks.h5"
    n = 1 if settings.get("write_mode") is FileWriteMode.SINGLE else settings.get("num_capture", 6)
    once = ONE_DATASET.replace(
        '<group name="attributes"',
        '<dataset name="first" source="ndattribute" ndattribute="A" when="OnFileOpen"/>'
        '<dataset name="last" source="ndattribute" ndattribute="B" when="OnFileClose"/>'
        '<group name="attributes"',
    )
    frames = [frame(i, number("A", i), number("B", i), number("C", i)) for i in range(n)]
    write(path, frames, once, mode=Mode.COMPAT, dim_attribute_datasets=True, **settings)
    with h5py.File(path) as file:
        each = file["/entry/attributes/C"]
        assert (each.shape, each.maxshape, each.chunks) == (shape, most, chunk)
        assert sorted(each[()].ravel()) == list(range(n))
        for name, value in (("first", 0), ("last", n - 1)):
            single = file["/entry"][name]
            assert (single.shape, single.chunks) == ((1,) * len(shape), chunk)
            assert single[()].ravel().tolist() == [value]


@pytest.mark.parametrize(
    ("fill", "dtype", "stored"),
    [
        (7.9, "u1", 7),
        (300, "u1", 255),
        (-1, "u2", 0),
        (math.nan, "i4", 0),
        (math.inf, "i2", 32767),
        (1.5, "f4", 1.5),
    ],
)
def test_fill_value(tmp_path, fill, dtype, stored):
    path = tmp_path / "fill.h5"
    with RoutedWriter(
        path, ONE_DATASET, WriterSettings(mode=Mode.COMPAT, fill_value=fill)
    ) as writer:
        writer.open(frame(0, dtype=dtype))
    with h5py.File(path) as file:
        assert file["/entry/data"].fillvalue == stored
        assert (file["/entry/data"][()] == stored).all()


def test_boundary_alignment(tmp_path):
    path = tmp_path / "aligned.h5"
    frames = [frame(i, shape=(64, 64)) for i in range(4)]
    write(path, frames, boundary_align=65536, boundary_threshold=4096)
    with h5py.File(path) as file:
        data = file["/entry/data"].id
        offsets = [data.get_chunk_info(i).byte_offset for i in range(data.get_num_chunks())]
    assert [offset % 65536 for offset in offsets] == [0] * 4


@pytest.mark.parametrize("write_mode", [FileWriteMode.STREAM, FileWriteMode.CAPTURE])
def test_plain_bounds_and_swmr_bounds(tmp_path, write_mode):
    superblocks = {}
    for swmr in (False, True):
        path = tmp_path / f"{swmr}.h5"
        rows = write(path, [frame(0)], swmr=swmr, num_capture=1, write_mode=write_mode)
        assert rows[0].fate is Fate.STORED
        superblocks[swmr] = path.read_bytes()[8]
    assert superblocks[False] in (0, 1)
    assert superblocks[True] == 3
