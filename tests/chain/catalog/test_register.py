"""Files that no run documents: registered from the command line, or served as a folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import h5py
import numpy as np
import pytest
from tiled.client.utils import ClientError

from chain.catalog.runs import FRAME_SHAPE, RunMaker, frames, write_eiger, write_stack
from chain.waiting import wait_for
from crashing_file import write_damaged
from framepath.catalog import register as in_process
from framepath.catalog.clients.connect import connect
from framepath.catalog.probe import Probe
from framepath.files import Folders
from framepath.processes import Child
from framepath.spec.serving import Served


def register(served, *paths):
    command = [sys.executable, "-m", "framepath", "register", *paths, "--json"]
    command += ["--to", served.uri_with_key]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    rows = json.loads(done.stdout)["files"]
    return done.returncode, {row["path"].rsplit("/", 1)[1]: row["state"] for row in rows}


@pytest.fixture(scope="module")
def tree(data_folder):
    folder = data_folder / "tree"
    (folder / "2026 Übung").mkdir(parents=True)
    write_stack(folder / "2026 Übung" / "scan one.h5")
    write_stack(folder / "2026 Übung" / "#1?%41.h5")
    write_eiger(folder, "series")
    (folder / "broken.h5").write_bytes(b"not HDF5")
    os.truncate(write_stack(folder / "short.h5"), 2000)
    (folder / "nowhere.h5").symlink_to(folder / "gone.h5")
    write_damaged(folder / "crashes.h5")
    return folder


def test_a_tree_is_added_and_only_changes_are_added_again(served, catalog, tree):
    code, states = register(served, tree)
    assert code == 1, "four files are broken"
    for name in ("broken.h5", "short.h5", "nowhere.h5", "crashes.h5"):
        assert states.pop(name) == "failed"
    assert set(states.values()) == {"added"}
    write_stack(tree / "2026 Übung" / "scan one.h5", 4)
    _, states = register(served, tree)
    assert states["scan one.h5"] == "changed"
    assert states["series_master.h5"] == "unchanged"
    assert states["#1?%41.h5"] == "unchanged"
    images = catalog["files", "tree", "2026 Übung", "scan one.h5", "images"]
    assert images.shape == (4, *FRAME_SHAPE)
    for key, node in catalog["files", "tree", "2026 Übung"].items():
        path = Path(node.metadata["path"])
        assert (key == path.name) == (path.name == "scan one.h5")
        np.testing.assert_array_equal(node["images"][3], frames(10)[3])


def test_a_file_takes_no_other_files_place(catalog, data_folder):
    folders = Folders((data_folder,))
    one, two = (data_folder / parent / "raw" / "a.h5" for parent in ("one", "two"))
    with closing(Probe(folders)) as probe:

        def added(path):
            (result,) = in_process.register(catalog, [path], path.parents[1], folders, probe)
            return result.state, str(result.error or "")

        for path in (one, two):
            path.parent.mkdir(parents=True)
            write_stack(path)
        assert added(one) == ("added", "")
        state, error = added(two)
        assert state == "failed"
        assert str(one) in error
        assert added(one) == ("unchanged", "")
        one.unlink()
        assert added(two) == ("changed", "")
    assert catalog["files", "raw", "a.h5"].metadata["path"] == str(two)


def test_who_was_interrupted_goes_on(served, catalog, data_folder):
    folder = data_folder / "interrupted"
    folder.mkdir()
    n_files = 40  # enough to be interrupted in the midst of them by a test that runs slowly
    for n in range(n_files):
        write_stack(folder / f"{n:02d}.h5", 2)
    command = [sys.executable, "-m", "framepath", "register", folder, "--to", served.uri_with_key]
    with Child.start(command, name="register") as child:
        place = ("files", folder.name)
        wait_for(lambda: place in catalog and len(catalog[place]) > 2, child.tail, 60)
        os.kill(child.pid, signal.SIGINT)
        # Python tells its parent of an interrupt in some places by dying of it again.
        assert child.wait(30) in (1, -signal.SIGINT), child.tail
        assert "Traceback" not in child.tail
    n_before = len(catalog[place])
    assert n_before < n_files
    catalog[place]["00.h5"].delete_contents("hdf5", external_only=True)  # as if ended just there
    _, states = register(served, folder)
    assert states["00.h5"] == "changed"
    assert states["01.h5"] == "unchanged"
    assert list(states.values()).count("added") == n_files - n_before
    assert sorted(catalog[place]) == sorted(states)
    where_it_ended = [f"{n:02d}.h5" for n in range(max(0, n_before - 2), n_before + 2)]
    for key in ("00.h5", *where_it_ended):
        assert sorted(catalog[place][key]) == ["hdf5", "images"]


def test_a_registered_master_has_its_frames_and_its_tree(served, catalog, data_folder):
    register(served, write_eiger(data_folder, "alone"))
    node = catalog["files", data_folder.name, "alone_master.h5"]
    np.testing.assert_array_equal(node["images"][3:9], frames(10)[3:9])
    assert list(node["hdf5"]["entry"]["data"]) == [f"data_00000{n}" for n in (1, 2, 3)]
    np.testing.assert_array_equal(node["hdf5/entry/data/data_000003"][:], frames(2, first=8))
    (data_folder / "alone_data_000003.h5").unlink()
    with pytest.raises(ClientError, match=r"alone_data_000003\.h5"):
        node["hdf5/entry/data/data_000003"]


def length(catalog, path) -> int:
    try:
        return len(catalog[path])
    except KeyError:  # it is being replaced
        return 0


def test_a_folder_is_served_without_bluesky_and_followed(tmp_path):
    data = tmp_path / "data"
    (data / "Übung 1").mkdir(parents=True)
    write_stack(data / "Übung 1" / "a b.h5")
    write_stack(data / "Übung 1" / "#\n.h5")
    (data / "broken.h5").write_bytes(b"not HDF5")
    write_damaged(data / "crashes.h5")
    secret = write_stack(tmp_path / "secret.h5")
    (data / "symlink.h5").symlink_to(secret)
    with h5py.File(data / "link.h5", "w") as file:
        file["/entry/data/data"] = h5py.ExternalLink(str(secret), "/entry/data/data")
    options = ["--folder", tmp_path / "catalog", "--data", data]
    command = [sys.executable, "-m", "framepath", "serve", *options]
    with Child.start(command, name="serve") as child:
        served = Served.from_ready_line(child.wait_ready(120))
        with connect(served.uri_with_key) as catalog:
            first = ("files", "data", "Übung 1", "a b.h5")
            wait_for(lambda: (*first, "hdf5") in catalog, child.tail, 60)
            np.testing.assert_array_equal(catalog[(*first, "images")][2], frames(10)[2])
            write_stack(data / "later.h5", 4)
            for name in ("late", "partly"):
                master = write_eiger(tmp_path, name)
                for moved in tmp_path.glob(f"{name}_*"):
                    if moved == master or moved.stem == "partly_data_000001":
                        moved.rename(data / moved.name)
            later = ("files", "data", "later.h5", "hdf5")
            wait_for(lambda: later in catalog, child.tail, 60)
            run = RunMaker(catalog, data).add(data / "later.h5", n=4)
            np.testing.assert_array_equal(run.primary["eiger2_image"][:], frames(4))
            partly = ("files", "data", "partly_master.h5", "images")
            wait_for(lambda: partly in catalog, child.tail, 60)
            assert catalog[partly].shape == (4, *FRAME_SHAPE), "the frames that are there"
            for moved in tmp_path.glob("*_data_*.h5"):
                moved.rename(data / moved.name)
            late = ("files", "data", "late_master.h5", "images")
            wait_for(lambda: late in catalog, child.tail, 60)
            np.testing.assert_array_equal(catalog[late][:], frames(10))
            wait_for(lambda: length(catalog, partly) == 10, child.tail, 60)
            np.testing.assert_array_equal(catalog[partly][:], frames(10))
            found = list(catalog["files", "data"])
        assert child.tail.count("broken.h5") == 2, "told once, with path and reason"
        assert child.tail.count("late_master.h5: ") == 1, child.tail
        assert child.tail.count("crashes.h5: ") == 1
        for name in ("symlink.h5", "link.h5"):
            assert name not in found
            assert f"{name}: this path may not be read" in child.tail
        assert child.stop() == 0
