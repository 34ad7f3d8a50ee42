"""Files that are damaged, hostile, or hold something else than frames: an error, never a crash."""

import os

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepath.errors import FileUnreadable, FramepathError, LinkBroken
from framepath.files import list_links, open_frames
from unit.files.builders import add_rows, frames, store


@pytest.fixture
def compressed(tmp_path):
    pixels = frames(6, 64, 64)
    return store(tmp_path / "c.h5", "/entry/data/data", pixels, **hdf5plugin.Bitshuffle())


def test_a_file_that_is_cut_short_says_by_how_much(compressed):
    size = compressed.stat().st_size
    os.truncate(compressed, size - 1000)
    with pytest.raises(FileUnreadable, match=rf"cut short; found {size - 1000} bytes; .*{size} b"):
        open_frames(compressed)


@pytest.mark.parametrize("content", [b"", b"\x89HDF", b"\x89HDF\r\n\x1a\n", b"x" * 5000])
def test_what_is_no_hdf5_file_is_called_that(tmp_path, content):
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(FileUnreadable, match="not an HDF5 file"):
        open_frames(tmp_path / "a.h5")


def test_a_user_block_is_read_over(tmp_path):
    with h5py.File(tmp_path / "u.h5", "w", userblock_size=1024) as file:
        file.create_dataset("c", data=frames(3), chunks=(1, 6, 8))
        file["p"] = frames(3)
    for address in "cp":
        with open_frames(tmp_path / "u.h5", address) as stack:
            for _ in range(2):
                np.testing.assert_array_equal(stack, frames(3))


ODD_TYPES = {
    "compound": np.zeros((2, 3, 4), [("a", "i4"), ("b", "f8")]),
    "variable length": h5py.h5t.py_create(h5py.vlen_dtype("u2"), logical=True),
    "text": np.zeros((2, 3, 4), "S5"),
    "array": h5py.h5t.py_create(np.dtype(("u2", (2,)))),
    "unknown": h5py.h5t.UNIX_D32LE,
    "opaque": h5py.h5t.create(h5py.h5t.OPAQUE, 5),
}


@pytest.mark.parametrize("name", ODD_TYPES)
def test_elements_that_are_no_pixels_are_refused(tmp_path, name):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        kind = ODD_TYPES[name]
        if isinstance(kind, np.ndarray):
            file["d"] = kind
        else:
            space = h5py.h5s.create_simple((2, 3, 4))
            h5py.h5d.create(file.id, b"d", kind, space)
        file["link"] = h5py.SoftLink("/d")
    assert list_links(tmp_path / "a.h5")[0].problem == ""
    with pytest.raises(FileUnreadable, match=f"holds no pixels; found elements of type {name}"):
        open_frames(tmp_path / "a.h5", "/d")
    with pytest.raises(FileUnreadable, match="no frames were found"):
        open_frames(tmp_path / "a.h5")


def test_a_group_or_a_row_of_numbers_is_no_stack(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["group/row"] = np.arange(5)
        file["type"] = np.dtype("u2")
    for address, message in (
        ("/group", "found a group"),
        ("/group/row", r"found shape \(5,\)"),
        ("/type", "found a datatype"),
        ("/group/row/below", "a dataset, not a group"),
    ):
        with pytest.raises(FileUnreadable, match=message):
            open_frames(tmp_path / "a.h5", address)


def test_a_filter_that_is_not_installed_is_named(tmp_path):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((1, 6, 8))
    plist.set_filter(31999, h5py.h5z.FLAG_OPTIONAL, ())
    with h5py.File(tmp_path / "a.h5", "w") as file:
        space = h5py.h5s.create_simple((2, 6, 8))
        made = h5py.h5d.create(file.id, b"d", h5py.h5t.NATIVE_UINT16, space, plist)
        for n in range(2):
            made.write_direct_chunk((n, 0, 0), frames(1).tobytes())
    with pytest.raises(FileUnreadable, match=r"not installed; found HDF5 filter 31999"):
        open_frames(tmp_path / "a.h5")


@pytest.mark.parametrize(
    "damage", [b"", b"\0" * 4, b"\xff" * 40, b"\0\0\0\0\0\0\x20\0\0\0\x20\0" + b"\x7f" * 30]
)
@pytest.mark.parametrize("key", [2, np.s_[2, 3:5], slice(None)])
def test_a_damaged_chunk_is_an_error_that_names_the_frame(compressed, damage, key):
    with h5py.File(compressed, "a") as file:
        file["entry/data/data"].id.write_direct_chunk((2, 0, 0), damage or b"\0")
    with open_frames(compressed) as stack:
        with pytest.raises(FileUnreadable, match=r"frame 2 cannot be decoded.*/entry/data/data"):
            stack[key]
        np.testing.assert_array_equal(stack[3], frames(6, 64, 64)[3])


def test_a_chunk_stored_without_its_filter_is_read_plain(compressed):
    plain = frames(1, 64, 64, first=77)
    with h5py.File(compressed, "a") as file:
        file["entry/data/data"].id.write_direct_chunk((2, 0, 0), plain.tobytes(), filter_mask=1)
    with open_frames(compressed) as stack:
        np.testing.assert_array_equal(stack[2], plain[0])
        np.testing.assert_array_equal(stack[2, 5:7, 1:], plain[0, 5:7, 1:])
        assert stack.stored_chunk(2).encoding is None
    with h5py.File(compressed, "a") as file:
        file["entry/data/data"].id.write_direct_chunk((2, 0, 0), b"short", filter_mask=1)
    with open_frames(compressed) as stack, pytest.raises(FileUnreadable, match="frame 2"):
        stack[2]


def test_raw_external_files_are_read_and_never_filled_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pixels = frames(5)
    data = pixels.tobytes()
    (tmp_path / "a.raw").write_bytes(b"head" + data[:250])
    (tmp_path / "b.raw").write_bytes(data[250:])
    with h5py.File(tmp_path / "r.h5", "w") as file:
        parts = [("a.raw", 4, 250), ("b.raw", 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("d", pixels.shape, "u2", external=parts)
    with open_frames(tmp_path / "r.h5") as stack:
        np.testing.assert_array_equal(stack, pixels)
        np.testing.assert_array_equal(stack[1:4, 2:4, ::2], pixels[1:4, 2:4, ::2])
        assert stack.stored_chunk(2).payload.tobytes() == pixels[2].tobytes()
    os.truncate(tmp_path / "b.raw", 100)
    with open_frames(tmp_path / "r.h5") as stack:
        np.testing.assert_array_equal(stack[:3], pixels[:3])
        with pytest.raises(FileUnreadable, match=r"ends before the pixels do.*b\.raw"):
            stack[4]
    (tmp_path / "a.raw").unlink()
    with pytest.raises(LinkBroken, match=r"raw external file.*a\.raw"):
        open_frames(tmp_path / "r.h5")


def test_a_file_replaced_or_cut_while_it_is_open(compressed):
    """What was opened stays what is read; what is gone from it is an error."""
    size = compressed.stat().st_size
    with open_frames(compressed) as stack:
        np.testing.assert_array_equal(stack[0], frames(1, 64, 64)[0])
        other = store(compressed.with_name("o.h5"), "/entry/data/data", frames(6, 64, 64, first=9))
        compressed.rename(compressed.with_name("old.h5"))
        other.rename(compressed)
        np.testing.assert_array_equal(stack, frames(6, 64, 64))
        os.truncate(compressed.with_name("old.h5"), size // 3)
        with pytest.raises(FileUnreadable, match=f"was changed since.*; found {size // 3} bytes"):
            stack[5]


def test_links_in_a_circle_are_an_error(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["entry/data/data"] = h5py.ExternalLink("b.h5", "/entry/data/data")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["entry/data/data"] = h5py.ExternalLink("a.h5", "/entry/data/data")
        file["soft"] = h5py.SoftLink("/soft")
    with pytest.raises(LinkBroken, match="circle"):
        open_frames(tmp_path / "a.h5")
    with pytest.raises(LinkBroken, match="circle"):
        open_frames(tmp_path / "b.h5", "/soft")


def test_a_chain_of_links_is_followed(tmp_path):
    store(tmp_path / "0.h5", "/d", frames(2))
    (tmp_path / "deep").mkdir()
    for n in range(1, 20):
        folder, up = (tmp_path / "deep", "../") if n == 19 else (tmp_path, "")
        with h5py.File(folder / f"{n}.h5", "w") as file:
            file["g"] = h5py.SoftLink("/hop")
            file["hop"] = h5py.ExternalLink(f"{up}{n - 1}.h5", "/g/." if n > 1 else "//d")
    with open_frames(tmp_path / "deep" / "19.h5", "g") as stack:
        np.testing.assert_array_equal(stack, frames(2))


def test_a_broken_link_names_itself_its_target_and_where_it_was_looked_for(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["g/link"] = h5py.ExternalLink("/far/away/x.h5", "/d")
    with pytest.raises(LinkBroken) as caught:
        open_frames(tmp_path / "m.h5", "/g/link")
    message = str(caught.value)
    for part in (
        "'/far/away/x.h5'",
        f"{tmp_path}/x.h5",
        f"{tmp_path}/m.h5:/g/link",
        "framepath links",
    ):
        assert part in message
    store(tmp_path / "x.h5", "/other", frames(1))
    with pytest.raises(LinkBroken, match=r"not there; found in /: 'other'; expected 'd'"):
        open_frames(tmp_path / "m.h5", "/g/link")


def test_a_damaged_mark_of_a_writer_is_an_error_at_once(tmp_path):
    """libhdf5 takes minutes to give up as a SWMR reader, and nobody else reads meanwhile."""
    with h5py.File(tmp_path / "s.h5", "w", libver=("v110", "v110")) as file:
        file["d"] = frames(2)
    content = bytearray((tmp_path / "s.h5").read_bytes())
    content[11] |= 5
    (tmp_path / "s.h5").write_bytes(content)
    with pytest.raises(FileUnreadable, match="superblock of the HDF5 file is damaged"):
        open_frames(tmp_path / "s.h5")


def test_a_chunk_behind_the_end_of_every_file_is_an_error(compressed):
    with h5py.File(compressed) as file:
        at = file["entry/data/data"].id.get_chunk_info(3).byte_offset.to_bytes(8, "little")
    content = compressed.read_bytes()
    assert content.count(at) == 1
    compressed.write_bytes(content.replace(at, b"\xf0" * 8))
    with open_frames(compressed) as stack:
        with pytest.raises(FileUnreadable, match="the file cannot be read; found Python int"):
            stack[3]
        np.testing.assert_array_equal(stack[2], frames(6, 64, 64)[2])


@pytest.mark.parametrize("n_bytes", [1, 3])
def test_a_chunk_shorter_than_its_checksum_is_an_error(tmp_path, n_bytes):
    """libhdf5 2.0 crashes on reading it."""
    path = store(tmp_path / "f.h5", "d", frames(3), fletcher32=True, compression="gzip")
    with h5py.File(path, "a") as file:
        file["d"].id.write_direct_chunk((1, 0, 0), b"abc"[:n_bytes])
    with pytest.raises(FileUnreadable, match=r"shorter than its checksum.*element \(1, 0, 0\)"):
        open_frames(path)


def _rows_that_are_written(path):
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        how = {"maxshape": (None, 6, 8), "chunks": (1, 6, 8), **hdf5plugin.Bitshuffle()}
        file.create_dataset("entry/data/data", data=frames(3), **how)
        add_rows(file, ["/entry/data/data"] * 3)


def _other_objects(path):
    with h5py.File(path, "w") as file:
        file["entry/data/data"] = np.zeros((2, 3, 4), [("a", "i4"), ("b", "f8")])
        file.create_dataset("v", (3,), h5py.vlen_dtype("u2"))
        file["l"], file["e"] = h5py.SoftLink("/entry"), h5py.ExternalLink("no.h5", "/d")


def _stored(**how):
    return lambda path: store(path, "/entry/data/data", frames(3), **how)


CHANGED = {
    "compressed": _stored(**hdf5plugin.Bitshuffle()),
    "parts of frames": _stored(chunks=(2, 4, 5), compression="gzip", fletcher32=True),
    "contiguous": _stored(chunks=None),
    "rows": _rows_that_are_written,
    "other objects": _other_objects,
}


# Always the same changes: libhdf5 itself has crashes to find, in virtual datasets for one.
@pytest.mark.parametrize("kind", CHANGED)
@given(data=st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_file_with_some_bytes_changed_reads_or_raises(tmp_path_factory, kind, data):
    """Whatever a byte of the file is changed to, reading ends in pixels or in our error."""
    path = tmp_path_factory.getbasetemp() / "changed.h5"
    path.unlink(missing_ok=True)
    CHANGED[kind](path)
    content = bytearray(path.read_bytes())
    places = data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3))
    for place in places:
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        with open_frames(path, "/entry/data/data") as stack:
            # A changed shape may promise more pixels than there is memory for.
            stack[: min(len(stack), 3), :6, :8]
    except FramepathError:
        pass
    try:
        list_links(path)
    except FramepathError:
        pass
