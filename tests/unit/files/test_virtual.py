import subprocess
import sys

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepath.errors import FileUnreadable, LinkBroken, OutsideFolders
from framepath.files import Folders, open_frames
from unit.files.builders import UNLIMITED, frames, store, virtual


@pytest.fixture
def sources(tmp_path):
    store(tmp_path / "a.h5", "/d", frames(4), **hdf5plugin.Bitshuffle())
    store(tmp_path / "b.h5", "/d", frames(3, first=4))
    return tmp_path


def map_virtual(path, shape, maxshape, *mappings, dtype="u2", fill=None):
    """A virtual dataset made with HDF5's own selections: (virtual space, file, source space)."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if fill is not None:
        plist.set_fill_value(np.array(fill, dtype))
    for space, name, source in mappings:
        plist.set_virtual(space, name.encode(), b"/d", source)
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        space = h5py.h5s.create_simple(shape, maxshape)
        h5py.h5d.create(file.id, b"d", h5py.h5t.py_create(np.dtype(dtype)), space, plist)
    return path


def space(shape, start, count, stride=None, block=None, maxshape=None):
    made = h5py.h5s.create_simple(shape, maxshape)
    made.select_hyperslab(start, count, stride, block)
    return made


def assert_as_hdf5(path, *keys):
    """The stack has the shape and the pixels that HDF5 gives."""
    with open_frames(path) as stack, h5py.File(path) as file:
        dataset = file[stack.source.address]
        assert stack.shape == dataset.shape
        for key in keys or (slice(None),):
            np.testing.assert_array_equal(stack[key], dataset[()][key], strict=True)


def test_sources_one_after_the_other(sources):
    path = virtual(sources / "v.h5", [("a.h5", "/d", 4), ("b.h5", "/d", 3)])
    assert_as_hdf5(path, np.s_[:], 5, np.s_[::-2, 1:5, ::3])
    with open_frames(path) as stack:
        assert stack.source.kind == "virtual dataset"
        np.testing.assert_array_equal(stack, frames(7))
        assert stack.stored_chunk(1).encoding.codec == "bslz4"
        assert stack.stored_chunk(5).encoding is None


def test_a_missing_source_is_an_error_and_never_zeros(sources):
    path = virtual(sources / "v.h5", [("a.h5", "/d", 4), ("gone.h5", "/d", 3)])
    with h5py.File(path) as file:
        assert not file["entry/data/data"][5].any()  # what HDF5 itself makes of it
    with open_frames(path) as stack:
        assert [(gap.start, gap.stop) for gap in stack.gaps] == [(4, 7)]
        np.testing.assert_array_equal(stack[:4], frames(4))
        for key in (5, slice(None), slice(3, 5)):
            with pytest.raises(LinkBroken, match=r"virtual source.*gone\.h5.*/entry/data/data"):
                stack[key]
    with pytest.raises(LinkBroken, match=r"gone\.h5"):
        open_frames(path, strict=True)


def test_a_source_that_is_too_short_or_has_no_such_dataset_is_an_error(sources):
    path = virtual(sources / "v.h5", [("a.h5", "/d", 6), ("b.h5", "/x", 2)])
    with open_frames(path) as stack:
        np.testing.assert_array_equal(stack[:4], frames(4))
        with pytest.raises(FileUnreadable, match=r"found 4 frames; expected at least 5"):
            stack[4]
        with pytest.raises((LinkBroken, FileUnreadable), match=r"/x"):
            stack[6]


def test_a_source_with_fewer_rows_than_are_mapped_is_an_error(tmp_path):
    store(tmp_path / "a.h5", "/d", frames(4, 5, 8), chunks=None)
    block = space((4, 6, 8), (0, 0, 0), (1, 1, 1), block=(2, 6, 8))
    path = map_virtual(tmp_path / "v.h5", (2, 6, 8), None, (block_of(2), "a.h5", block))
    with (
        open_frames(path) as stack,
        pytest.raises(
            FileUnreadable, match=r"another shape.*found \(4, 5, 8\); expected at least \(2, 6, 8\)"
        ),
    ):
        stack[0]


def block_of(n_frames):
    return space((n_frames, 6, 8), (0, 0, 0), (1, 1, 1), block=(n_frames, 6, 8))


def test_interleaved_frames(sources):
    layout = h5py.VirtualLayout((7, 6, 8), "u2")
    layout[::2] = h5py.VirtualSource("a.h5", "/d", (4, 6, 8))
    layout[1::2] = h5py.VirtualSource("b.h5", "/d", (3, 6, 8))
    with h5py.File(sources / "v.h5", "w") as file:
        file.create_virtual_dataset("d", layout)
    assert_as_hdf5(sources / "v.h5", np.s_[:], np.s_[3:6, 2], np.s_[::-1, ::-1])


def test_modules_side_by_side_with_a_gap_between(sources):
    layout = h5py.VirtualLayout((3, 6, 19), "u2")
    layout[:, :, :8] = h5py.VirtualSource("a.h5", "/d", (4, 6, 8))[:3]
    layout[:, :, 11:] = h5py.VirtualSource("b.h5", "/d", (3, 6, 8))
    with h5py.File(sources / "v.h5", "w") as file:
        file.create_virtual_dataset("d", layout, fillvalue=65535)
    assert_as_hdf5(sources / "v.h5", np.s_[:], np.s_[1, 2:4, 7:12], np.s_[:, :, 9], np.s_[2, :, :3])
    with open_frames(sources / "v.h5") as stack:
        assert stack.stored_chunk(0) is None


def test_a_frame_that_nothing_is_mapped_to_is_an_error(sources):
    layout = h5py.VirtualLayout((9, 6, 8), "u2")
    layout[:4] = h5py.VirtualSource("a.h5", "/d", (4, 6, 8))
    with h5py.File(sources / "v.h5", "w") as file:
        file.create_virtual_dataset("d", layout)
    with (
        open_frames(sources / "v.h5") as stack,
        pytest.raises(FileUnreadable, match="no source is mapped to frame 6"),
    ):
        stack[6]


def test_eiger_v2_images_of_several_channels(tmp_path):
    """Four axes (image, channel, y, x), each channel from a source of three."""
    store(tmp_path / "a.h5", "/d", frames(4))
    store(tmp_path / "b.h5", "/d", frames(4, first=50))
    layout = h5py.VirtualLayout((4, 2, 6, 8), "u2")
    for channel, name in enumerate(("a.h5", "b.h5")):
        layout[:, channel] = h5py.VirtualSource(name, "/d", (4, 6, 8))
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_virtual_dataset("entry/data/data", layout)
    assert_as_hdf5(tmp_path / "v.h5", np.s_[:], np.s_[2, 1], np.s_[1:3, 1:, 2:4, ::3])


def test_two_axes_of_frames_from_one_axis_and_back(tmp_path):
    store(tmp_path / "a.h5", "/d", frames(6))
    whole = space((6, 6, 8), (0, 0, 0), (1, 1, 1), block=(6, 6, 8))
    grid = space((3, 2, 6, 8), (0, 0, 0, 0), (1, 1, 1, 1), block=(3, 2, 6, 8))
    path = map_virtual(tmp_path / "v.h5", (3, 2, 6, 8), None, (grid, "a.h5", whole))
    assert_as_hdf5(path, np.s_[:], np.s_[2, 1, 3:], np.s_[1:, 0])
    store(tmp_path / "b.h5", "/d", frames(6).reshape(3, 2, 6, 8))
    path = map_virtual(tmp_path / "w.h5", (6, 6, 8), None, (whole, "b.h5", grid))
    assert_as_hdf5(path, np.s_[:], np.s_[::-2, 1])


def test_single_images_as_frames(tmp_path):
    layout = h5py.VirtualLayout((3, 6, 8), "u2")
    for n in range(3):
        store(tmp_path / f"{n}.h5", "/d", frames(1, first=n)[0], chunks=None)
        layout[n] = h5py.VirtualSource(f"{n}.h5", "/d", (6, 8))
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_virtual_dataset("d", layout)
    assert_as_hdf5(tmp_path / "v.h5", np.s_[:], 1)


def test_rows_taken_every_other_and_ragged_selections_fall_back(tmp_path):
    store(tmp_path / "a.h5", "/d", frames(3, 12, 16))
    layout = h5py.VirtualLayout((3, 6, 8), "u2")
    layout[:] = h5py.VirtualSource("a.h5", "/d", (3, 12, 16))[:, ::2, ::2]
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_virtual_dataset("d", layout)
    assert_as_hdf5(tmp_path / "v.h5", np.s_[:], np.s_[1, 2:4, 3])
    ragged = space((3, 6, 8), (0, 0, 0), (1, 1, 1), block=(1, 6, 8))
    ragged.select_hyperslab((1, 0, 0), (1, 1, 1), None, (1, 3, 8), op=h5py.h5s.SELECT_OR)
    line = space((72,), (0,), (1,), block=(72,))
    with h5py.File(tmp_path / "l.h5", "w") as file:
        file["d"] = np.arange(72, dtype="u2")
    path = map_virtual(tmp_path / "r.h5", (3, 6, 8), None, (ragged, "l.h5", line))
    assert_as_hdf5(path)


@pytest.mark.parametrize("stop", [4, 7])
def test_a_mapping_without_end_follows_its_source(tmp_path, stop):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("d", data=frames(stop), maxshape=(None, 6, 8), chunks=(1, 6, 8))
    layout = h5py.VirtualLayout((2, 6, 8), "u2", maxshape=(None, 6, 8))
    source = h5py.VirtualSource("a.h5", "d", (2, 6, 8), maxshape=(None, 6, 8))
    layout[0:UNLIMITED] = source[0:UNLIMITED]
    with h5py.File(tmp_path / "v.h5", "w", libver=("v110", "v110")) as file:
        file.create_virtual_dataset("d", layout)
    assert_as_hdf5(tmp_path / "v.h5")
    with open_frames(tmp_path / "v.h5") as stack:
        assert len(stack) == stop


def test_numbered_sources_up_to_the_first_that_is_missing(tmp_path):
    for n in (0, 1, 3):
        store(tmp_path / f"100%_{n}.h5", "/d", frames(2, first=2 * n))
    block = space((0, 6, 8), (0, 0, 0), (UNLIMITED, 1, 1), (2, 1, 1), (2, 6, 8), (UNLIMITED, 6, 8))
    whole = space((2, 6, 8), (0, 0, 0), (1, 1, 1), block=(2, 6, 8))
    path = map_virtual(
        tmp_path / "v.h5", (0, 6, 8), (UNLIMITED, 6, 8), (block, "100%%_%b.h5", whole)
    )
    assert_as_hdf5(path)
    with open_frames(path) as stack:
        assert len(stack) == 4
        store(tmp_path / "100%_2.h5", "/d", frames(2, first=4))
        assert stack.refresh() == 8
        np.testing.assert_array_equal(stack, frames(8))


def test_a_virtual_dataset_of_virtual_datasets(sources):
    virtual(sources / "v.h5", [("a.h5", "/d", 4), ("b.h5", "/d", 3)], "/v")
    virtual(sources / "w.h5", [("v.h5", "/v", 7)])
    assert_as_hdf5(sources / "w.h5")


def test_a_source_in_the_same_file(sources):
    virtual(sources / "a.h5", [(".", "/d", 4)], "/view")
    with open_frames(sources / "a.h5", "/view") as stack:
        np.testing.assert_array_equal(stack, frames(4))


CRASHERS = {
    "itself": [("v.h5", [(".", "/entry/data/data", 4)])],
    "by its own name": [("v.h5", [("v.h5", "/entry/data/data", 4)])],
    "through another file": [
        ("v.h5", [("w.h5", "/entry/data/data", 4)]),
        ("w.h5", [("v.h5", "/entry/data/data", 4)]),
    ],
}


@pytest.mark.parametrize("case", CRASHERS)
def test_a_virtual_dataset_that_includes_itself_is_an_error(tmp_path, case):
    for name, sources in CRASHERS[case]:
        virtual(tmp_path / name, sources)
    with (
        open_frames(tmp_path / "v.h5") as stack,
        pytest.raises(FileUnreadable, match="includes itself"),
    ):
        stack[0]


def test_hdf5_crashes_on_what_is_refused_here(tmp_path):
    """If this ever fails, HDF5 has been corrected, and the reason in the docs is out of date."""
    path = virtual(tmp_path / "v.h5", CRASHERS["itself"][0][1])
    code = f"import h5py; h5py.File({str(path)!r})['entry/data/data'][0]"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode != 0


def test_sources_outside_the_folders_are_not_opened(sources):
    inside = sources / "inside"
    inside.mkdir()
    path = virtual(inside / "v.h5", [(str(sources / "a.h5"), "/d", 4)])
    folders = Folders((inside,))
    with open_frames(path, folders=folders) as stack, pytest.raises(OutsideFolders, match=r"a\.h5"):
        stack[0]
    with open_frames(path, folders=Folders((sources,))) as stack:
        np.testing.assert_array_equal(stack, frames(4))


def test_an_irregular_one_is_refused_inside_folders(tmp_path):
    store(tmp_path / "a.h5", "/d", frames(3, 8, 6))
    turned = space((3, 8, 6), (0, 0, 0), (1, 1, 1), block=(3, 8, 6))
    whole = space((3, 6, 8), (0, 0, 0), (1, 1, 1), block=(3, 6, 8))
    path = map_virtual(tmp_path / "v.h5", (3, 6, 8), None, (whole, "a.h5", turned))
    assert_as_hdf5(path)
    with pytest.raises(FileUnreadable, match="irregularly"):
        open_frames(path, folders=Folders((tmp_path,)))
    (tmp_path / "a.h5").unlink()
    with pytest.raises(LinkBroken, match=r"a\.h5"):
        open_frames(path)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_regular_mapping_reads_as_hdf5_reads_it(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("maps")
    store(folder / "a.h5", "/d", frames(9, 12, 10))

    def along(size, n, block):
        stride = data.draw(st.integers(block, max(block, size // n)))
        start = data.draw(st.integers(0, max(size - ((n - 1) * stride + block), 0)))
        return start, stride

    virtual_shape, source_shape = (12, 14, 11), (9, 12, 10)
    counts, blocks, v, s = [], [], [], []
    for v_size, s_size in zip(virtual_shape, source_shape, strict=True):
        n, block = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
        counts.append(n)
        blocks.append(block)
        v.append(along(v_size, n, block))
        s.append(along(s_size, n, block))
    spaces = []
    for shape, axes in ((virtual_shape, v), (source_shape, s)):
        starts, strides = zip(*axes, strict=True)
        spaces.append(space(shape, starts, tuple(counts), strides, tuple(blocks)))
    path = map_virtual(
        folder / "v.h5", virtual_shape, None, (spaces[0], "a.h5", spaces[1]), fill=999
    )
    mapped = sorted({v[0][0] + k * v[0][1] + j for k in range(counts[0]) for j in range(blocks[0])})
    frame = data.draw(st.sampled_from(mapped))
    rows = sorted(data.draw(st.tuples(st.integers(0, 14), st.integers(0, 14))))
    with open_frames(path) as stack, h5py.File(path) as file:
        np.testing.assert_array_equal(stack[mapped], file["d"][mapped])
        key = np.s_[frame, rows[0] : rows[1], ::2]
        np.testing.assert_array_equal(stack[key], file["d"][key])
