import h5py
import numpy as np
import pytest

from framepath.config.paths import PathMap
from framepath.errors import FileMissing, FileUnreadable
from framepath.files import list_links
from framepath.files import opened as opened_module
from framepath.spec.links import LinkKind, LinkRule
from unit.files.builders import UNLIMITED, eiger_master, frames, store, virtual


def by_address(path, *args, **kwargs):
    return {link.address: link for link in list_links(path, *args, **kwargs)}


def test_every_kind_of_link_is_listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store(tmp_path / "x.h5", "/d", frames(2))
    (tmp_path / "pixels.raw").write_bytes(frames(2).tobytes())
    master = virtual(tmp_path / "m.h5", [("x.h5", "/d", 2), ("gone.h5", "/d", 2)], "/v")
    with h5py.File(master, "a") as file:
        file["deep/er/link"] = h5py.ExternalLink("x.h5", "/d")
        file["group"] = h5py.ExternalLink("x.h5", "/")
        file["soft"] = h5py.SoftLink("/deep/er/link")
        file["dangling"] = h5py.SoftLink("/nowhere")
        raw = [(str(tmp_path / "pixels.raw"), 0, 192)]
        file.create_dataset("raw", (2, 6, 8), "u2", external=raw)
        file["alias"] = file["v"]  # one dataset under two names is listed once
    links = list_links(master)
    assert [(link.address, link.kind, link.target_file, bool(link.problem)) for link in links] == [
        ("/alias", LinkKind.VIRTUAL, "x.h5", False),
        ("/alias", LinkKind.VIRTUAL, "gone.h5", True),
        ("/dangling", LinkKind.SOFT, "", True),
        ("/group", LinkKind.EXTERNAL, "x.h5", False),
        ("/raw", LinkKind.RAW, str(tmp_path / "pixels.raw"), False),
        ("/soft", LinkKind.SOFT, "", False),
        ("/deep/er/link", LinkKind.EXTERNAL, "x.h5", False),
    ]
    deep = by_address(master)["/deep/er/link"]
    assert (deep.resolved, deep.rule) == (str(tmp_path / "x.h5"), LinkRule.BESIDE)
    assert (deep.exists, deep.readable, deep.object_exists) == (True, True, True)
    assert (deep.shape, deep.dtype, deep.problem) == ((2, 6, 8), "uint16", "")
    group = by_address(master)["/group"]
    assert (group.object_exists, group.shape, group.dtype) == (True, None, None)


def test_what_is_missing_says_where_it_was_looked_for(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["file"] = h5py.ExternalLink("gone/x.h5", "/d")
        file["object"] = h5py.ExternalLink("m.h5", "/absent")
        file["empty"] = h5py.ExternalLink("y.h5", "/d")
        file["windows"] = h5py.ExternalLink("C:\\data\\y.h5", "/d")
    (tmp_path / "y.h5").write_bytes(b"")
    links = by_address(tmp_path / "m.h5")
    gone = links["/file"]
    assert f"looked for {tmp_path}/gone/x.h5" in gone.problem
    assert (gone.resolved, gone.rule, gone.exists) == ("", LinkRule.NONE, False)
    assert links["/object"].object_exists is False
    assert links["/object"].problem == "nothing is stored there"
    assert (links["/empty"].exists, links["/empty"].readable) == (True, False)
    assert "not an HDF5 file; found an empty file" in links["/empty"].problem
    assert "y.h5 lies beside this file: --repair" in links["/windows"].problem


def test_maps_and_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m").mkdir()
    (tmp_path / "data").mkdir()
    store(tmp_path / "w.h5", "/d", frames(1))
    store(tmp_path / "data" / "x.h5", "/d", frames(1))
    with h5py.File("m/m.h5", "w") as file:
        file["mapped"] = h5py.ExternalLink("/ioc/x.h5", "/d")
        file["working"] = h5py.ExternalLink("w.h5", "/d")
    maps = (PathMap(ioc="/ioc", here=str(tmp_path / "data")),)
    links = by_address("m/m.h5", maps)
    assert (links["/mapped"].rule, links["/mapped"].problem) == (LinkRule.MAPPED, "")
    assert links["/working"].rule is LinkRule.WORKING
    assert "breaks when read elsewhere" in links["/working"].problem
    assert not by_address("m/m.h5")["/mapped"].exists


def test_circles_end(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["soft"] = h5py.SoftLink("/soft")
        file["self"] = h5py.ExternalLink("a.h5", "/self")
        file["there"] = h5py.ExternalLink("b.h5", "/back")
        file["parent/child"] = file["/"]
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["back"] = h5py.ExternalLink("a.h5", "/there")
    links = by_address(tmp_path / "a.h5")
    assert set(links) == {"/soft", "/self", "/there"}
    assert all("circle" in link.problem for link in links.values())


def test_a_virtual_dataset_that_includes_itself_is_never_read(tmp_path):
    for name, sources in (
        ("v.h5", [(".", "/v", 4)]),
        ("w.h5", [("u.h5", "/v", 4)]),
        ("u.h5", [("w.h5", "/v", 4)]),
    ):
        virtual(tmp_path / name, sources, "/v")
    for name in ("v.h5", "w.h5"):
        (link,) = list_links(tmp_path / name)
        assert link.problem == "this virtual dataset includes itself"
        assert link.shape == (4, 6, 8)


def test_a_source_with_too_little_to_map_is_a_problem(tmp_path):
    store(tmp_path / "x.h5", "/d", frames(3))
    virtual(tmp_path / "m.h5", [("x.h5", "/d", 5)], "/v")
    (link,) = list_links(tmp_path / "m.h5")
    assert link.problem == "(5, 6, 8) is mapped from it, and it has only (3, 6, 8)"


def test_sources_are_not_opened_to_tell_the_shape_of_a_source(tmp_path):
    """A virtual source that is virtual itself, without end, and whose own source is missing."""
    layout = h5py.VirtualLayout((2, 6, 8), "u2", maxshape=(None, 6, 8))
    source = h5py.VirtualSource("gone.h5", "d", (2, 6, 8), maxshape=(None, 6, 8))
    layout[0:UNLIMITED] = source[0:UNLIMITED]
    with h5py.File(tmp_path / "v.h5", "w", libver=("v110", "v110")) as file:
        file.create_virtual_dataset("d", layout)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["link"] = h5py.ExternalLink("v.h5", "/d")
    (link,) = list_links(tmp_path / "m.h5")
    assert (link.shape, link.problem) == ((2, 6, 8), "")


def test_of_ten_thousand_links_each_file_is_opened_once(tmp_path, monkeypatch):
    store(tmp_path / "x.h5", "/d", frames(1))
    with h5py.File(tmp_path / "m.h5", "w", libver="latest") as file:
        group = file.create_group("links")
        for n in range(10_000):
            group[f"{n:05d}"] = h5py.ExternalLink("x.h5" if n % 2 else f"gone{n}.h5", "/d")
    opened = []
    real_open = opened_module._open_checked
    monkeypatch.setattr(
        opened_module, "_open_checked", lambda *a: opened.append(a[1].name) or real_open(*a)
    )
    links = list_links(tmp_path / "m.h5")
    assert (len(links), sum(bool(link.problem) for link in links)) == (10_000, 5_000)
    assert opened == ["m.h5", "x.h5"]


def test_names_in_every_script_come_back_as_written(tmp_path):
    name = "día 1 кадр 写真 'quoted' \"too\" %b.h5"
    store(tmp_path / name, "/группа/набор данных", frames(1))
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["ein Link/ß"] = h5py.ExternalLink(name, "/группа/набор данных")
    (link,) = list_links(tmp_path / "m.h5")
    assert (link.address, link.target_file) == ("/ein Link/ß", name)
    assert link.shape == (1, 6, 8)


def test_the_file_itself_has_to_be_there(tmp_path):
    with pytest.raises(FileMissing):
        list_links(tmp_path / "gone.h5")
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(FileUnreadable, match="not an HDF5 file"):
        list_links(tmp_path / "text.h5")


def test_an_eiger_master_of_an_aborted_series(tmp_path):
    links = list_links(eiger_master(tmp_path, (4, 2, 0)))
    assert [link.target_file for link in links] == [f"series_1_data_00000{n}.h5" for n in (1, 2, 3)]
    assert [bool(link.problem) for link in links] == [False, False, True]


def test_the_recorded_master(recorded_scan):
    links = list_links(recorded_scan)
    assert len(links) == 40
    assert {link.kind for link in links} == {LinkKind.EXTERNAL}
    broken = [link for link in links if link.problem]
    assert len(broken) == 34
    assert sorted({link.target_file for link in broken if not link.exists}) == [
        "k11-18014/k11-18014-EtherCAT.h5",
        "k11-18014/k11-18014-detectorPanda.h5",
    ]
    frames_link = next(link for link in links if link.address == "/entry/imaging/data")
    assert (frames_link.shape, frames_link.dtype) == ((3201, 22, 26), "uint16")
    with h5py.File(recorded_scan) as file:
        visited: list[str] = []
        file.visit(visited.append)
        assert not {link.address.lstrip("/") for link in links} & set(visited)
        for link in links:
            assert (link.address in file and file.get(link.address) is not None) == (
                not link.problem
            )
    assert np.prod(frames_link.shape) > 0
