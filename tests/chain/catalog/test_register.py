"""Files that no run documents: registered from the command line, or served as a folder."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest
from tiled.client.utils import ClientError

from chain.catalog.runs import FRAME_SHAPE, frames, write_eiger, write_stack
from framepath.catalog.clients.connect import connect
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
    write_eiger(folder, "series")
    (folder / "broken.h5").write_bytes(b"not HDF5")
    return folder


def test_a_tree_is_added_and_only_changes_are_added_again(served, catalog, tree):
    code, states = register(served, tree)
    assert code == 1, "one file is broken"
    assert states.pop("broken.h5") == "failed"
    assert set(states.values()) == {"added"}
    write_stack(tree / "2026 Übung" / "scan one.h5", 4)
    _, states = register(served, tree)
    assert states["scan one.h5"] == "changed"
    assert states["series_master.h5"] == "unchanged"
    images = catalog["files", "tree", "2026 Übung", "scan one.h5", "images"]
    assert images.shape == (4, *FRAME_SHAPE)


def test_a_registered_master_has_its_frames_and_its_tree(served, catalog, data_folder):
    register(served, write_eiger(data_folder, "alone"))
    node = catalog["files", data_folder.name, "alone_master.h5"]
    np.testing.assert_array_equal(node["images"][3:9], frames(10)[3:9])
    assert list(node["hdf5"]["entry"]["data"]) == [f"data_00000{n}" for n in (1, 2, 3)]
    np.testing.assert_array_equal(node["hdf5/entry/data/data_000003"][:], frames(2, first=8))
    (data_folder / "alone_data_000003.h5").unlink()
    with pytest.raises(ClientError, match=r"alone_data_000003\.h5"):
        node["hdf5/entry/data/data_000003"]


def test_a_folder_is_served_without_bluesky(tmp_path):
    (tmp_path / "data").mkdir()
    write_stack(tmp_path / "data" / "a.h5")
    options = ["--folder", tmp_path / "catalog", "--data", tmp_path / "data"]
    command = [sys.executable, "-m", "framepath", "serve", *options]
    with Child.start(command, name="serve") as child:
        served = Served.from_ready_line(child.wait_ready(120))
        with connect(served.uri_with_key) as catalog:
            until = time.monotonic() + 60
            while ("files", "data", "a.h5", "hdf5") not in catalog:
                assert time.monotonic() < until, child.tail
            images = catalog["files", "data", "a.h5", "images"]
            np.testing.assert_array_equal(images[2], frames(10)[2])
