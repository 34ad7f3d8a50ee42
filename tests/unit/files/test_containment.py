import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepath.config.paths import PathMap
from framepath.errors import FileMissing, FileUnreadable, OutsideFolders
from framepath.files import Folders, list_links, open_frames
from framepath.files.opened import FileSet
from unit.files.builders import eiger_master, frames, store, virtual


@pytest.fixture
def place(tmp_path):
    """``in`` may be read, ``out`` may not; both hold ``x.h5``."""
    for folder, number in (("in", 1), ("out", 2)):
        (tmp_path / folder).mkdir()
        store(tmp_path / folder / "x.h5", "/entry/data/data", frames(2, first=number))
    return tmp_path


@pytest.fixture
def folders(place):
    return Folders((place / "in",))


def test_what_really_lies_below_a_folder_may_be_read(place, folders):
    assert folders.check(place / "in" / "x.h5") == place / "in" / "x.h5"
    assert folders.check(str(place / "out" / ".." / "in" / "x.h5")) == place / "in" / "x.h5"
    assert folders.check(place / "in" / "not there yet.h5").name == "not there yet.h5"


@pytest.mark.parametrize("name", ["out/x.h5", "in/../out/x.h5", "in2/x.h5", "in/link.h5", "in/d/x"])
def test_what_does_not_may_not(place, folders, name):
    (place / "in" / "link.h5").symlink_to(place / "out" / "x.h5")
    (place / "in" / "d").symlink_to(place / "out")
    with pytest.raises(OutsideFolders, match=r"a path below .*/in"):
        folders.check(place / name)
    with pytest.raises(OutsideFolders):
        open_frames(place / name, folders=folders)


def test_a_relative_path_is_taken_from_the_working_directory(place, folders, monkeypatch):
    monkeypatch.chdir(place / "in")
    assert folders.check("x.h5") == place / "in" / "x.h5"
    with pytest.raises(OutsideFolders):
        folders.check("../out/x.h5")


def test_no_folder_at_all_means_nothing(place):
    with pytest.raises(OutsideFolders, match="no folder"):
        Folders(()).check(place / "in" / "x.h5")


def test_a_symlinked_folder_is_the_folder_it_leads_to(place):
    (place / "alias").symlink_to(place / "in")
    folders = Folders((place / "alias",))
    assert folders.check(place / "in" / "x.h5") == place / "in" / "x.h5"


def test_maps_are_applied_before_the_check(place):
    maps = (PathMap(ioc="X:\\data", here=str(place / "in"), server=str(place / "out")),)
    folders = Folders((place / "in",), maps)
    assert folders.check("X:\\data\\x.h5") == place / "in" / "x.h5"
    with pytest.raises(OutsideFolders):
        folders.check("X:\\data\\..\\..\\out\\x.h5")
    assert Folders((place / "out",), maps, "server").check("X:\\data\\x.h5").parent.name == "out"


def external(place, target):
    with h5py.File(place / "in" / "m.h5", "w") as file:
        file["entry/data/data"] = h5py.ExternalLink(target, "/entry/data/data")


def soft_to_external(place, target):
    external(place, target)
    with h5py.File(place / "in" / "m.h5", "a") as file:
        file.move("/entry/data/data", "/far")
        file["entry/data/data"] = h5py.SoftLink("/far")


def external_group(place, target):
    with h5py.File(place / "in" / "m.h5", "w") as file:
        file["entry"] = h5py.ExternalLink(target, "/entry")


def virtual_source(place, target):
    virtual(place / "in" / "m.h5", [(target, "/entry/data/data", 2)])


def raw_file(place, target):
    with h5py.File(place / "in" / "m.h5", "w") as file:
        file.create_dataset("entry/data/data", (1, 2, 3), "u2", external=[(target, 0, 12)])


def chain(place, target):
    with h5py.File(place / "in" / "second.h5", "w") as file:
        file["entry/data/data"] = h5py.ExternalLink(target, "/entry/data/data")
    external(place, "second.h5")


def virtual_of_virtual(place, target):
    virtual(place / "in" / "second.h5", [(target, "/entry/data/data", 2)])
    virtual(place / "in" / "m.h5", [("second.h5", "/entry/data/data", 2)])


WAYS_OUT = [
    external, soft_to_external, external_group, virtual_source, raw_file, chain, virtual_of_virtual,
]  # fmt: skip
TARGETS = {
    "absolute": lambda place: str(place / "out" / "x.h5"),
    "up": lambda place: "../out/x.h5",
    "symlink": lambda place: _symlink(place),
}


def _symlink(place):
    (place / "in" / "y.h5").symlink_to(place / "out" / "x.h5")
    return str(place / "in" / "y.h5")


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("target", TARGETS)
def test_every_way_out_is_closed(place, folders, way, target, monkeypatch):
    monkeypatch.chdir(place / "in")  # raw files are looked for here
    way(place, TARGETS[target](place))
    master = place / "in" / "m.h5"
    named = r"leads out of the folders.*out/x\.h5.* at /.*/in/\w+\.h5:/"
    with pytest.raises(OutsideFolders, match=named):
        folders.check_file_links(master)
    with (
        pytest.raises(OutsideFolders, match=named),
        open_frames(master, folders=folders) as stack,
    ):
        stack[0]
    with open_frames(master) as stack:  # without folders the same file opens
        stack[0]
    problems = [link.problem for link in list_links(master, folders=folders)]
    assert any("may not be read" in p for p in problems) or way is virtual_of_virtual


@pytest.mark.parametrize("way", WAYS_OUT)
def test_the_same_ways_inside_are_open(place, folders, way, monkeypatch):
    monkeypatch.chdir(place / "in")
    way(place, "x.h5")
    folders.check_file_links(place / "in" / "m.h5")
    with open_frames(place / "in" / "m.h5", folders=folders) as stack:
        assert stack[0].size


def test_one_data_file_outside_is_a_gap_that_cannot_be_read(place, folders):
    master = eiger_master(place / "in", (2, 2))
    (place / "in" / "series_1_data_000002.h5").rename(place / "out" / "d.h5")
    (place / "in" / "series_1_data_000002.h5").symlink_to(place / "out" / "d.h5")
    with pytest.raises(OutsideFolders):
        folders.check_file_links(master)
    with open_frames(master, folders=folders) as stack:
        np.testing.assert_array_equal(stack, frames(2))
        assert "may not be read" in stack.gaps[0].reason


def test_a_file_swapped_between_check_and_open_is_refused(place, folders, monkeypatch):
    """HDF5 opens what an attacker put there after the check; not a byte of it comes back."""
    path = place / "in" / "x.h5"
    real_open = h5py.File.__init__

    def swap_first(self, name, *args, **kwargs):
        path.unlink()
        path.symlink_to(place / "out" / "x.h5")
        real_open(self, name, *args, **kwargs)

    monkeypatch.setattr(h5py.File, "__init__", swap_first)
    with pytest.raises(FileUnreadable, match="replaced by another"):
        open_frames(path, folders=folders)


def test_a_path_swapped_before_it_is_opened_is_refused(place, folders, monkeypatch):
    path = place / "in" / "x.h5"
    real_open = os.open

    def swap_first(name, *args, **kwargs):
        if Path(name) == path and not path.is_symlink():
            path.unlink()
            path.symlink_to(place / "out" / "x.h5")
        return real_open(name, *args, **kwargs)

    monkeypatch.setattr(os, "open", swap_first)
    with pytest.raises(OutsideFolders, match="changed while it was being opened"):
        open_frames(path, folders=folders)


def test_what_is_no_regular_file_is_never_opened(place, folders):
    os.mkfifo(place / "in" / "pipe.h5")
    (place / "in" / "folder.h5").mkdir()
    for name in ("pipe.h5", "folder.h5"):
        with pytest.raises(FileUnreadable, match="not a regular file"):
            open_frames(place / "in" / name, folders=folders)
    with pytest.raises(FileMissing):
        open_frames(place / "in" / "gone.h5", folders=folders)


def test_links_in_a_circle_of_files_are_checked_once(place, folders):
    with h5py.File(place / "in" / "a.h5", "w") as file:
        file["b"] = h5py.ExternalLink("b.h5", "/")
    with h5py.File(place / "in" / "b.h5", "w") as file:
        file["a"] = h5py.ExternalLink("a.h5", "/")
        file["gone"] = h5py.ExternalLink("/nowhere/gone.h5", "/")
    (place / "in" / "bad.h5").write_bytes(b"not HDF5")
    with h5py.File(place / "in" / "a.h5", "a") as file:
        file["bad"] = h5py.ExternalLink("bad.h5", "/")
    folders.check_file_links(place / "in" / "a.h5")
    with pytest.raises(FileUnreadable, match="not an HDF5 file"):
        folders.check_file_links(place / "in" / "bad.h5")


@given(parts=st.lists(st.sampled_from(["in", "out", "..", ".", "link", "", "x.h5"]), max_size=8))
@settings(max_examples=150, deadline=None)
def test_check_agrees_with_where_the_system_leads(tmp_path_factory, parts):
    place = tmp_path_factory.getbasetemp() / "agree"
    for name in ("in/in", "out/in"):
        (place / name).mkdir(parents=True, exist_ok=True)
    if not (place / "in" / "link").is_symlink():
        (place / "in" / "link").symlink_to(place / "out")
        (place / "out" / "link").symlink_to(place / "in")
    path = os.path.join(place, "in", *parts)  # noqa: PTH118 - keeps '..' and '.'
    inside = Path(os.path.realpath(path)).is_relative_to(place / "in")
    folders = Folders((place / "in",))
    if inside:
        assert folders.check(path) == Path(os.path.realpath(path))
    else:
        with pytest.raises(OutsideFolders):
            folders.check(path)


def test_a_file_set_closes_what_it_opened(place):
    with FileSet() as files:
        opened = files.open(place / "in" / "x.h5")
        assert files.open(place / "in" / ".." / "in" / "x.h5") is opened
        assert opened.identity[1] == (place / "in" / "x.h5").stat().st_ino
    assert not opened.h5


def test_a_path_of_another_host_opens_by_its_map(place):
    maps = (PathMap(ioc="X:\\data", here=str(place / "in")),)
    with open_frames("X:\\data\\x.h5", folders=Folders((place / "in",), maps)) as stack:
        np.testing.assert_array_equal(stack, frames(2, first=1))
