"""ophyd-async's classes as they are, over Channel Access and over PV Access.

`init_devices` connects every signal that the classes declare; there is no exception.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from chain.detector.interruptions import INTERRUPTIONS
from chain.waiting import wait_for
from conftest import count

CLIENT = Path(__file__).with_name("ophyd_async_client.py")
TESTS = Path(__file__).parents[2]
N_POINTS = count(20, 200)


@pytest.fixture(scope="module", params=["", "pva://"], ids=["ca", "pva"])
def runs(request, ioc, tmp_path_factory):
    """Folder and documents of each run of the client, a process of its own with its own libca."""
    folder = tmp_path_factory.mktemp("ophyd_async")
    prefix = f"{request.param}{ioc.prefix}"
    done = subprocess.run(
        [sys.executable, CLIENT, prefix, folder, str(N_POINTS), *INTERRUPTIONS],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["run"]: (folder / line["run"], line) for line in lines}


def firsts_in(folder) -> list[int]:
    (path,) = folder.glob("*.h5")
    with h5py.File(path) as file:
        return [int(frame[0, 0]) for frame in file["/entry/data/data"]]


def test_count_writes_one_frame_a_point(runs):
    folder, documents = runs["points"]
    assert (documents["event"], documents["stream_resource"]) == (N_POINTS, 1)
    firsts = firsts_in(folder)
    assert firsts == [(firsts[0] + n) % 256 for n in range(N_POINTS)]


@pytest.mark.parametrize("interruption", INTERRUPTIONS)
def test_an_interrupted_exposure_leaves_no_half_file_and_an_idle_camera(runs, client, interruption):
    folder, documents = runs[interruption]
    assert documents["stop"] == 1
    n_frames = 1 if interruption == "resume" else 0
    assert documents.get("event", 0) == n_frames
    assert len(list(folder.iterdir())) == n_frames  # it opens lazily: no frame, no file
    assert not n_frames or len(firsts_in(folder)) == n_frames
    wait_for(lambda: client.get("cam1:Acquire_RBV") == 0, "idle")
    wait_for(lambda: client.get("HDF1:Capture_RBV") == 0, "the file is closed")
