"""ophyd-async's classes as they are, over Channel Access and over PV Access."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

CLIENT = Path(__file__).with_name("ophyd_async_client.py")
N_POINTS = 10


@pytest.mark.parametrize("transport", ["", "pva://"])
def test_count_writes_one_frame_a_point(ioc, tmp_path, transport):
    done = subprocess.run(
        [sys.executable, CLIENT, f"{transport}{ioc.prefix}", tmp_path, str(N_POINTS)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    documents = json.loads(done.stdout.splitlines()[-1])
    assert (documents["event"], documents["stream_resource"]) == (N_POINTS, 1)
    (path,) = tmp_path.glob("*.h5")
    with h5py.File(path) as file:
        firsts = [int(frame[0, 0]) for frame in file["/entry/data/data"]]
    assert firsts == [(firsts[0] + n) % 256 for n in range(N_POINTS)]
