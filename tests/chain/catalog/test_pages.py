"""The page on serving a folder, followed with a server of its own."""

from __future__ import annotations

import sys

import h5py
import numpy as np
import pytest
from tiled.client import from_uri

from chain.waiting import wait_for
from doc_pages import follow
from framepath.processes import Child
from framepath.spec.serving import Served


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    with h5py.File(folder / "scan_0001.h5", "w") as file:
        pixels = np.arange(5, dtype="u2")[:, None, None] + np.zeros((6, 8), "u2")
        file.create_dataset("entry/data/data", data=pixels, chunks=(1, 6, 8))
    return folder


def has_file(cat):
    """Files are found while the server answers already, as the page says."""
    return "files" in cat and "scans" in cat["files"] and "scan_0001.h5" in cat["files", "scans"]


def test_serve_a_folder(scans, tmp_path):
    command = [sys.executable, "-m", "framepath", "serve", "--folder", "catalog", "--data", scans]
    with Child.start(command, name="framepath serve", cwd=tmp_path) as child:
        served = Served.from_ready_line(child.wait_ready(120))
        cat = from_uri(served.uri_with_key)
        wait_for(lambda: has_file(cat), "the file is found")
        theirs = "http://127.0.0.1:40287/?api_key=5d3c..."
        made = follow("how-to/serve-a-folder.md", tmp_path, {theirs: served.uri_with_key})
        assert made["images"].shape == (5, 6, 8)
        assert np.asarray(made["images"][3]).tolist() == np.full((6, 8), 3).tolist()
        for client in (cat, made["cat"]):
            client.context.close()
