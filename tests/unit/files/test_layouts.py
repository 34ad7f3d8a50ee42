"""Whatever the type, shape, chunks and filters of a dataset, frames are those that h5py reads."""

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepath.errors import FileUnreadable
from framepath.files import open_frames

DTYPES = ("?", "u1", ">u2", "<i2", "u4", ">i4", "i8", "f2", "f4", ">f8", "c8")
FILTERS = {
    "none": {},
    "gzip, shuffle and checksum": {"compression": "gzip", "shuffle": True, "fletcher32": True},
    "scale and offset": {"scaleoffset": 0},
    "lzf": {"compression": "lzf"},
    "bslz4": hdf5plugin.Bitshuffle(),
    "bslz4 in blocks of 64 elements": hdf5plugin.Bitshuffle(nelems=64),
    "bszstd": hdf5plugin.Bitshuffle(cname="zstd"),
    "lz4": hdf5plugin.LZ4(),
    "blosc": hdf5plugin.Blosc(cname="zstd", shuffle=2),
    "blosc2": hdf5plugin.Blosc2(),
    "zstd after shuffle": {"shuffle": True, **hdf5plugin.Zstd()},
}


@st.composite
def datasets(draw):
    """Pixels, and the arguments that store them: chunks may hold parts of frames, or several."""
    n_axes = draw(st.integers(2, 4))
    shape = tuple(draw(st.integers(0 if axis == 0 else 1, 9)) for axis in range(n_axes))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    seed = draw(st.integers(0, 99))
    bits = np.random.default_rng(seed).integers(0, 100, shape)
    pixels = (bits % 2 if dtype.kind == "b" else bits).astype(dtype)
    how = FILTERS[draw(st.sampled_from(sorted(FILTERS)))]
    if "scaleoffset" in how and dtype.kind not in "iu":
        how = {}
    if draw(st.booleans()) and not how:
        return pixels, {}
    chunks = tuple(draw(st.integers(1, max(n, 1))) for n in shape)
    if draw(st.booleans()):
        chunks = (draw(st.integers(1, 3)), *shape[1:])
    # More room than frames: chunks at the edges stick out. Which axes have no end decides how
    # HDF5 keeps its index of chunks.
    axes = zip(shape, chunks, strict=True)
    endless = tuple(None if c > n or draw(st.booleans()) else n for n, c in axes)
    return pixels, {"chunks": chunks, "maxshape": endless, **how}


def slices(n):
    bounds = st.one_of(st.none(), st.integers(-n - 1, n + 1))
    return st.builds(slice, bounds, bounds, st.sampled_from([None, 1, 2, -1, -3]))


@given(dataset=datasets(), libver=st.sampled_from(["earliest", "v110"]), data=st.data())
@settings(max_examples=250, deadline=None)
def test_every_dataset_reads_as_h5py_reads_it(tmp_path_factory, dataset, libver, data):
    pixels, how = dataset
    path = tmp_path_factory.getbasetemp() / "layout.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file.create_dataset("d", data=pixels, **how)
    with h5py.File(path) as file:
        stored = file["d"][()]
    expected = stored if stored.ndim > 2 else stored[None]
    key = tuple(data.draw(slices(n)) for n in expected.shape)
    with open_frames(path, "d") as stack:
        if pixels.ndim == 2 and pixels.size == 0:
            assert len(stack) == 0  # an image without rows is no frame
            return
        assert (stack.shape, stack.dtype) == (expected.shape, expected.dtype)
        for _ in range(2):  # through HDF5, and by the index that the first reading left
            np.testing.assert_array_equal(stack[:], expected, strict=True)
            np.testing.assert_array_equal(stack[key], expected[key], strict=True)
        np.testing.assert_array_equal(np.asarray(stack), expected, strict=True)
        for at in range(len(stack)):
            np.testing.assert_array_equal(stack[at], expected[at], strict=True)


def _compact(file, pixels):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple(pixels.shape)
    made = h5py.h5d.create(file.id, b"d", h5py.h5t.py_create(pixels.dtype), space, plist)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, pixels)


def _raw(file, pixels):
    third = pixels.nbytes // 3 + 1
    parts = [(f"{file.filename} {n}.raw", 0, third) for n in range(3)]
    file.create_dataset("d", data=pixels, external=parts)


@pytest.mark.parametrize("make", [_compact, _raw])
@pytest.mark.parametrize("dtype", ["?", ">u2", "c8"])
def test_other_layouts_read_as_h5py_reads_them(tmp_path, make, dtype):
    pixels = (np.arange(60) % 7).reshape(3, 4, 5).astype(dtype)
    with h5py.File(tmp_path / "l.h5", "w") as file:
        make(file, pixels)
    with open_frames(tmp_path / "l.h5") as stack:
        for key in (np.s_[:], 1, -1, np.s_[::-1, 1:3], np.s_[..., ::-2], np.s_[2:0:-1, 0]):
            np.testing.assert_array_equal(stack[key], pixels[key], strict=True)


def test_frames_that_were_never_written_are_no_frames_or_an_error(tmp_path):
    """h5py gives fill values for them: a gap between frames is an error, the rest is not there."""
    with h5py.File(tmp_path / "f.h5", "w") as file:
        made = file.create_dataset("d", (9, 4, 5), "u2", chunks=(1, 4, 5), fillvalue=7)
        made[0], made[3] = 1, 2
    with open_frames(tmp_path / "f.h5") as stack:
        assert len(stack) == 4
        assert stack[3].min() == stack[3].max() == 2
        with pytest.raises(FileUnreadable, match="frame 1 was never written"):
            stack[1]


@pytest.mark.parametrize("endless", [(None, 4, 5), (9, None, 5), (9, 4, None)])
@pytest.mark.parametrize("chunks", [(1, 4, 5), (2, 3, 2)])
def test_any_axis_may_be_the_one_without_end(tmp_path, endless, chunks):
    """HDF5 lists the chunks of the second and third wrongly."""
    pixels = np.arange(9 * 4 * 5, dtype="u2").reshape(9, 4, 5)
    with h5py.File(tmp_path / "f.h5", "w", libver="v110") as file:
        made = file.create_dataset("d", pixels.shape, "u2", maxshape=endless, chunks=chunks)
        made[2:6] = pixels[2:6]
        file.create_dataset("all", data=pixels, maxshape=endless, chunks=chunks)
        file.create_dataset("none", pixels.shape, "u2", maxshape=endless, chunks=chunks)
    with open_frames(tmp_path / "f.h5", "d") as stack:
        assert len(stack) == 6
        np.testing.assert_array_equal(stack[2:], pixels[2:6])
    with open_frames(tmp_path / "f.h5", "all") as stack:
        np.testing.assert_array_equal(stack[:], pixels, strict=True)
    with open_frames(tmp_path / "f.h5", "none") as stack:
        assert len(stack) == 0


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("endless", [0, 1])
def test_chunks_may_be_larger_than_their_pixels(tmp_path, dtype, endless):
    """Incompressible pixels in the smallest blocks, each of which has a header."""
    bits = np.random.default_rng(0).integers(0, 256, (2, 200, 200, np.dtype(dtype).itemsize), "u1")
    pixels = bits.view(dtype)[..., 0]
    how = hdf5plugin.Bitshuffle(nelems=8)
    most = tuple(None if axis == endless else n for axis, n in enumerate(pixels.shape))
    with h5py.File(tmp_path / "f.h5", "w", libver="v110") as file:
        file.create_dataset("d", data=pixels, chunks=(1, 200, 200), maxshape=most, **how)
    with open_frames(tmp_path / "f.h5") as stack:
        for _ in range(2):
            np.testing.assert_array_equal(stack[1].view("u1"), pixels[1].view("u1"))
            np.testing.assert_array_equal(stack[0, 3:5].view("u1"), pixels[0, 3:5].view("u1"))
