"""Our rules for finding a link's file are libhdf5's: each case is asked of both."""

import subprocess
import sys

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framepath.config.paths import PathMap
from framepath.files.resolve import find_target
from framepath.spec.links import LinkKind, LinkRule
from unit.files.builders import frames, store


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder tree: master in ``m``, other folders ``p`` (prefix), ``w`` (working), ``a``."""
    for name in ("m", "m/sub", "p", "p/sub", "w", "a"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "w")
    monkeypatch.delenv("HDF5_EXT_PREFIX", raising=False)
    monkeypatch.delenv("HDF5_VDS_PREFIX", raising=False)
    return tmp_path


def put(path, number):
    return store(path, "/d", frames(1, first=number))


def read_external(master, written):
    with h5py.File(master, "w") as file:
        file["link"] = h5py.ExternalLink(written, "/d")
    with h5py.File(master) as file:
        try:
            return int(file["link"][0, 0, 0]) // 100
        except (KeyError, OSError):
            return None


def read_virtual(master, written):
    layout = h5py.VirtualLayout((1, 6, 8), "u2")
    layout[:] = h5py.VirtualSource(written, "/d", (1, 6, 8))
    with h5py.File(master, "w") as file:
        file.create_virtual_dataset("link", layout, fillvalue=65535)
    with h5py.File(master) as file:
        value = int(file["link"][0, 0, 0])
        return None if value == 65535 else value // 100


READ = {LinkKind.EXTERNAL: read_external, LinkKind.VIRTUAL: read_virtual}
PREFIX = {LinkKind.EXTERNAL: "HDF5_EXT_PREFIX", LinkKind.VIRTUAL: "HDF5_VDS_PREFIX"}

CASES = {
    "beside": ("x.h5", ["m/x.h5"], LinkRule.BESIDE),
    "further down": ("sub/x.h5", ["m/sub/x.h5"], LinkRule.BESIDE),
    "up and down": ("../a/x.h5", ["a/x.h5"], LinkRule.BESIDE),
    "absolute": ("{}/a/x.h5", ["a/x.h5", "m/x.h5", "p/x.h5"], LinkRule.ABSOLUTE),
    "absolute and gone, beside": ("/gone/x.h5", ["m/x.h5", "w/x.h5"], LinkRule.BESIDE),
    "absolute and gone, not the folder": ("/gone/sub/x.h5", ["m/sub/x.h5"], LinkRule.NONE),
    "working directory": ("x.h5", ["w/x.h5"], LinkRule.WORKING),
    "absolute and gone, working directory": ("/gone/x.h5", ["w/x.h5"], LinkRule.WORKING),
    "beside before working directory": ("x.h5", ["w/x.h5", "m/x.h5"], LinkRule.BESIDE),
    "prefix": ("x.h5", ["p/x.h5"], LinkRule.PREFIX),
    "prefix before beside": ("x.h5", ["p/x.h5", "m/x.h5"], LinkRule.PREFIX),
    "prefix and folder": ("sub/x.h5", ["p/sub/x.h5"], LinkRule.PREFIX),
    "prefix keeps the folder": ("sub/x.h5", ["p/x.h5"], LinkRule.NONE),
    "second prefix": ("x.h5", ["a/x.h5"], LinkRule.PREFIX),
    "absolute and gone, prefix": ("/gone/x.h5", ["p/x.h5", "m/x.h5"], LinkRule.PREFIX),
    "nowhere": ("x.h5", [], LinkRule.NONE),
    "Windows": ("C:\\data\\x.h5", ["m/x.h5"], LinkRule.NONE),
    "Windows with slashes": ("C:/data/x.h5", ["m/x.h5"], LinkRule.NONE),
    "spaces and other scripts": ("día 1/кадр ß.h5", ["m/día 1/кадр ß.h5"], LinkRule.BESIDE),
}


@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize("case", CASES)
def test_as_libhdf5_finds_it(place, monkeypatch, kind, case):
    written, files, rule = CASES[case]
    written = written.format(place)
    if "prefix" in case:
        monkeypatch.setenv(PREFIX[kind], f"{place}/p:{place}/a")
    for number, name in enumerate(files):
        (place / name).parent.mkdir(exist_ok=True)
        put(place / name, number)
    master = place / "m" / "master.h5"
    seen = READ[kind](master, written)
    found = find_target(kind, written, master)
    assert found.rule is rule
    with_number = {(place / name).resolve(): number for number, name in enumerate(files)}
    assert seen == (with_number[found.path.resolve()] if found.path else None)


@pytest.mark.parametrize("kind", READ)
def test_the_first_file_of_the_name_counts_whatever_it_is(place, kind):
    (place / "m" / "x.h5").write_bytes(b"not HDF5")
    put(place / "w" / "x.h5", 3)
    master = place / "m" / "master.h5"
    assert find_target(kind, "x.h5", master).path == place / "m" / "x.h5"
    try:
        assert READ[kind](master, "x.h5") is None
    except OSError:
        assert kind is LinkKind.VIRTUAL


def test_a_master_that_is_a_symlink_looks_beside_both(place):
    master = place / "m" / "master.h5"
    put(place / "m" / "x.h5", 1)
    assert read_external(master, "x.h5") == 1
    link = place / "a" / "master.h5"
    link.symlink_to(master)
    with h5py.File(link) as file:
        assert int(file["link"][0, 0, 0]) // 100 == 1
    assert find_target(LinkKind.EXTERNAL, "x.h5", link).path == place / "m" / "x.h5"
    put(place / "a" / "x.h5", 2)
    with h5py.File(link) as file:
        assert int(file["link"][0, 0, 0]) // 100 == 2
    assert find_target(LinkKind.EXTERNAL, "x.h5", link).path == place / "a" / "x.h5"


@pytest.mark.parametrize("prefix", ["", "{}/p", "${{ORIGIN}}/../a"])
def test_raw_files_are_looked_for_as_libhdf5_does(place, monkeypatch, prefix):
    for number, folder in enumerate(("w", "p", "a", "m")):
        (place / folder / "x.raw").write_bytes(np.full(4, number, "u2").tobytes())
    master = place / "m" / "master.h5"
    with h5py.File(master, "w") as file:
        file.create_dataset("d", (4,), "u2", external=[("x.raw", 0, 8)])
    monkeypatch.setenv("HDF5_EXTFILE_PREFIX", prefix.format(place))
    # libhdf5 reads this variable once, when it is loaded.
    code = f"import h5py; print(h5py.File({str(master)!r})['d'][0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    number = int(done.stdout)
    target = find_target(LinkKind.RAW, "x.raw", master)
    assert np.frombuffer(target.path.read_bytes(), "u2")[0] == number
    assert target.rule is (LinkRule.PREFIX if prefix else LinkRule.WORKING)


def test_maps_come_first_and_fall_back(place):
    put(place / "a" / "x.h5", 1)
    master = place / "m" / "master.h5"
    maps = (PathMap(ioc="X:\\data", here=str(place / "a")),)
    found = find_target(LinkKind.EXTERNAL, "x:\\DATA\\x.h5", master, maps)
    assert (found.path, found.rule) == (place / "a" / "x.h5", LinkRule.MAPPED)
    put(place / "m" / "y.h5", 2)
    maps = (PathMap(ioc="/ioc", here=str(place / "a")),)
    found = find_target(LinkKind.EXTERNAL, "/ioc/y.h5", master, maps)
    assert (found.path, found.rule) == (place / "m" / "y.h5", LinkRule.BESIDE)
    assert found.tried[0] == place / "a" / "y.h5"


@given(written=st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_name_whatever_breaks_it(tmp_path_factory, written):
    master = tmp_path_factory.getbasetemp() / "m.h5"
    for kind in (LinkKind.EXTERNAL, LinkKind.VIRTUAL, LinkKind.RAW):
        found = find_target(kind, written, master)
        assert (found.path is None) == (found.rule is LinkRule.NONE)
