"""What one run of ``framepath demo --keep`` leaves behind, and what can be done with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401  (registers the Eiger's filter)
import numpy as np
import pytest
from tiled.client import from_uri

from hdf5_structure import structure

REPOSITORY = Path(__file__).parents[3]
STRUCTURE = Path(__file__).with_name("series_structure.txt")


@pytest.fixture
def cat(kept_demo):
    client = from_uri(kept_demo.exported["FRAMEPATH_CATALOG"])
    yield client
    client.context.close()


def test_every_hop_saw_every_frame(kept_demo):
    counts = {(r["run"], r["stream"]): list(r.values())[2:] for r in kept_demo.summary["results"]}
    assert counts == {
        ("series", "dark"): [3] * 5,
        ("series", "flat"): [2] * 5,
        ("series", "primary"): [4] * 5,
        ("count", "primary"): [10] * 5,
    }


def test_five_pictures_are_drawn_and_show_something(kept_demo):
    from matplotlib.image import imread

    names = {Path(path).stem for path in kept_demo.summary["pictures"]}
    assert names == {
        "series_image",
        "series_dark",
        "series_flat",
        "series_corrected",
        "count_image",
    }
    for path in kept_demo.summary["pictures"]:
        picture = imread(path)[60:-60, 60:-200, :3]
        assert np.unique(picture.reshape(-1, 3), axis=0).shape[0] > 20, path


def test_nine_frames_lie_in_one_file_by_frame_type(kept_demo):
    with h5py.File(kept_demo.summary["files"][0]) as file:
        lengths = {name: len(file["entry/data"][name]) for name in ("data", "dark", "flat")}
        means = {name: file["entry/data"][name][:].mean() for name in lengths}
    assert lengths == {"data": 4, "dark": 3, "flat": 2}
    assert means["dark"] < means["data"] < means["flat"]


def test_structure_of_the_series_is_the_golden_one(kept_demo):
    """Regenerate: FRAMEPATH_REGENERATE=1 pytest this file; then read the difference."""
    found = structure(Path(kept_demo.summary["files"][0]), values=False)
    if os.environ.get("FRAMEPATH_REGENERATE") == "1":
        STRUCTURE.write_text(found)
    assert found == STRUCTURE.read_text()


def test_the_eiger_leaves_a_master_with_links_to_data_files(kept_demo):
    master = Path(kept_demo.summary["files"][1])
    with h5py.File(master) as file:
        links = [file["entry/data"].get(n, getlink=True) for n in sorted(file["entry/data"])]
    assert len(links) >= 3
    assert all(isinstance(link, h5py.ExternalLink) for link in links)
    assert all("/" not in link.filename for link in links)
    assert all((master.parent / link.filename).exists() for link in links)


def test_users_words_work_on_the_eiger_run(cat):
    images = cat[-1].primary["eiger2_image"]
    assert images.shape == (10, 514, 1030)
    assert np.array_equal(images[3], images[3].read())
    assert not np.array_equal(images[3], images[4])


def test_the_readme_works_word_for_word(kept_demo):
    readme = (REPOSITORY / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", readme, flags=re.S).group(1)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **kept_demo.exported},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(4, 514, 1030)")


@pytest.fixture
def without_a_data_file(kept_demo):
    data_file = sorted(Path(kept_demo.summary["files"][1]).parent.glob("*data_000002.h5"))[-1]
    away = data_file.with_suffix(".away")
    data_file.rename(away)
    yield data_file
    away.rename(data_file)


def test_a_deleted_data_file_is_named(cat, without_a_data_file):
    runs = [run for run in cat.values() if "eiger2" in run.metadata["start"]["detectors"]]
    with pytest.raises(Exception, match=re.escape(without_a_data_file.name)):
        runs[0].primary["eiger2_image"][5]
