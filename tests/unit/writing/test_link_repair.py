import h5py
import numpy as np
import pytest

from framepath.config.paths import PathMap
from framepath.errors import SettingsError, WriteFailed
from framepath.files import list_links, open_frames
from framepath.spec.links import LinkKind
from framepath.writing.link_repair import repair_links
from unit.files.builders import eiger_master, frames, store, virtual


def targets(path):
    return {link.address: link.target_file for link in list_links(path)}


def retarget(master, name):
    """Give every data link of a master another spelling: ``name.format(bare file name)``."""
    with h5py.File(master, "a") as file:
        group = file["entry/data"]
        for key in list(group):
            link = group.get(key, getlink=True)
            del group[key]
            group[key] = h5py.ExternalLink(name.format(link.filename), link.path)


@pytest.mark.parametrize("spelling", ["C:\\frames\\{}", "X:/frames/{}", "gone/{}"])
def test_targets_beside_the_file_become_bare_names(tmp_path, spelling):
    master = eiger_master(tmp_path)
    retarget(master, spelling)
    assert all(link.problem for link in list_links(master))
    done = repair_links(master, tmp_path / "fixed.h5")
    assert done.backup is None
    assert [change.before for change in done.changes] == [
        spelling.format(f"series_1_data_00000{n}.h5") for n in (1, 2, 3)
    ]
    assert set(targets(done.path).values()) == {f"series_1_data_00000{n}.h5" for n in (1, 2, 3)}
    assert not any(link.problem for link in done.links)
    with open_frames(done.path) as stack:
        np.testing.assert_array_equal(stack, frames(10))
    assert all(link.problem for link in list_links(master))  # the original is as it was


def test_in_place_keeps_a_backup_each_time(tmp_path):
    master = eiger_master(tmp_path)
    for number, spelling in enumerate(["/gone/a/{}", "/gone/b/{}"]):
        retarget(master, spelling)
        before = master.read_bytes()
        done = repair_links(master)
        assert (done.path, len(done.changes)) == (master, 3)
        assert done.backup == master.with_name(f"{master.name}.bak{number + 1 if number else ''}")
        assert done.backup.read_bytes() == before
        with open_frames(master) as stack:
            np.testing.assert_array_equal(stack, frames(10))
    again = repair_links(master)
    assert (again.changes, again.backup) == ((), None)


def test_a_copy_elsewhere_still_finds_its_files(tmp_path):
    master = eiger_master(tmp_path)
    (tmp_path / "copies").mkdir()
    done = repair_links(master, tmp_path / "copies" / "m.h5")
    assert targets(done.path)["/entry/data/data_000001"] == str(
        tmp_path / "series_1_data_000001.h5"
    )
    with open_frames(done.path) as stack:
        np.testing.assert_array_equal(stack, frames(10))
    up = repair_links(done.path, tmp_path / "back.h5")
    assert targets(up.path)["/entry/data/data_000001"] == "series_1_data_000001.h5"


def test_a_map_says_where_other_hosts_folders_are(tmp_path):
    (tmp_path / "data").mkdir()
    master = eiger_master(tmp_path / "data").rename(tmp_path / "m.h5")
    retarget(master, "X:\\data\\{}")
    maps = (PathMap(ioc="X:\\data", here=str(tmp_path / "data")),)
    done = repair_links(master, path_map=maps)
    assert targets(master)["/entry/data/data_000002"] == "data/series_1_data_000002.h5"
    assert not any(link.problem for link in done.links)


def test_what_is_not_found_stays_as_it_is(tmp_path):
    master = eiger_master(tmp_path, (2, 2, 0))
    retarget(master, "/gone/{}")
    done = repair_links(master, tmp_path / "fixed.h5")
    assert len(done.changes) == 2
    (left,) = [link for link in done.links if link.problem]
    assert left.target_file == "/gone/series_1_data_000003.h5"


def test_virtual_sources_and_raw_files_are_renamed_and_nothing_else(tmp_path, monkeypatch):
    store(tmp_path / "100% x.h5", "/d", frames(4))
    (tmp_path / "pixels.raw").write_bytes(frames(4, first=7).tobytes())
    raw = (tmp_path / "pixels.raw").read_bytes()
    master = virtual(tmp_path / "m.h5", [("/gone/100%% x.h5", "/d", 4)], "/g/v")
    with h5py.File(master, "a") as file:
        file["g/v"].attrs["units"] = np.bytes_("counts")
        file["g/v"].attrs["long"] = "día"
        file["g/v"].attrs["empty"] = h5py.Empty("f4")
        file["g/v"].attrs["axes"] = [[1, 2], [3, 4]]
        file["alias"] = file["g/v"]
        external = [("/gone/pixels.raw", 0, 384)]
        made = file.create_dataset("r", (4, 6, 8), "u2", external=external, fillvalue=9)
        made.attrs["units"] = "counts"
    done = repair_links(master)
    assert {(c.kind, c.after) for c in done.changes} == {
        (LinkKind.VIRTUAL, "100%% x.h5"),
        (LinkKind.RAW, str(tmp_path / "pixels.raw")),
    }
    with h5py.File(master) as file:
        assert file["alias"] == file["g/v"]
        attributes = dict(file["g/v"].attrs)
        assert attributes.pop("empty") == h5py.Empty("f4")
        assert attributes["axes"].tolist() == [[1, 2], [3, 4]]
        assert (attributes["units"], attributes["long"]) == (b"counts", "día")
        np.testing.assert_array_equal(file["alias"], frames(4))
        np.testing.assert_array_equal(file["r"], frames(4, first=7))
        assert (file["r"].fillvalue, file["r"].attrs["units"]) == (9, "counts")
    assert (tmp_path / "pixels.raw").read_bytes() == raw


def test_an_existing_file_is_never_written_over(tmp_path):
    master = eiger_master(tmp_path)
    (tmp_path / "there.h5").write_text("precious")
    with pytest.raises(SettingsError, match="exists already"):
        repair_links(master, tmp_path / "there.h5")
    assert (tmp_path / "there.h5").read_text() == "precious"


def test_a_folder_that_cannot_be_written_to_leaves_all_as_it_was(tmp_path):
    master = eiger_master(tmp_path)
    with pytest.raises(WriteFailed, match="nothing was changed"):
        repair_links(master, tmp_path / "no such folder" / "m.h5")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        [master.name, *(f"series_1_data_00000{n}.h5" for n in (1, 2, 3))]
    )


def test_permissions_are_kept(tmp_path):
    master = eiger_master(tmp_path)
    retarget(master, "/gone/{}")
    master.chmod(0o440)
    done = repair_links(master, tmp_path / "fixed.h5")
    assert done.path.stat().st_mode & 0o777 == 0o440
