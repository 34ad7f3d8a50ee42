"""``from framepath.session import *`` in processes of its own, as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from chain.acquire.conftest import catalog, files_folder, served  # noqa: F401 (fixtures)

SCRIPT = """
from framepath.session import *
configure_routing(simdet)
simdet.cam.acquire_time.put(0.001)
(one,) = RE(bp.count([simdet], num=3))
(two,) = RE(frame_series(simdet, images=2, darks=1))
writer.wait()
import json
print(json.dumps({
    "uids": [one, two],
    "streams": [sorted(cat[one]), sorted(cat[two])],
    "shape": list(cat[two].primary["simdet_image"].shape),
    "scan_ids": [cat[one].metadata["start"]["scan_id"], cat[two].metadata["start"]["scan_id"]],
    "beamline": cat[one].metadata["start"]["beamline"],
}))
writer.close()
cat.context.close()
"""


@pytest.fixture
def folder(tmp_path, sim_ioc, files_folder, served):  # noqa: F811
    (tmp_path / "devices.yml").write_text(
        "framepath.acquire.area_detector:\n"
        f"- {{name: simdet, prefix: '{sim_ioc.prefix}', files: {files_folder}/session}}\n"
    )
    (tmp_path / "framepath.yml").write_text(
        f"session:\n  catalog: {served.uri}\n  tables: false\n  metadata: {{beamline: 3ID}}\n"
    )
    return tmp_path


def session(script, folder, **environment):
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state"), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_a_session_takes_stores_and_finds_frames(folder, served):  # noqa: F811
    for scan_id in (1, 3):
        done = session(SCRIPT, folder, FRAMEPATH_API_KEY=served.api_key)
        told = json.loads(done.stdout.splitlines()[-1])
        assert told["streams"] == [["ledger", "primary"], ["dark", "ledger", "primary"]]
        assert told["shape"] == [2, 514, 1030]
        assert told["scan_ids"] == [scan_id, scan_id + 1]
        assert told["beamline"] == "3ID"
    assert not list((folder / "framepath-session/journals").glob("*"))


def test_a_session_without_its_catalog_keeps_runs_in_journals(folder):
    (folder / "framepath.yml").write_text(
        "session:\n  catalog: http://127.0.0.1:9\n  tables: false\n"
    )
    script = "from framepath.session import *\nprint(cat)\nRE(bp.count([simdet], num=2))\n"
    done = session(script, folder, TILED_RETRY_ATTEMPTS="1", FRAMEPATH_API_KEY="secret")
    assert done.stdout.splitlines()[0] == "None"
    (journal,) = (folder / "framepath-session/journals").iterdir()
    assert journal.read_text().count("\n") >= 6


def test_two_devices_cannot_have_a_name_of_the_session(folder):
    (folder / "devices.yml").write_text("ophyd.sim.SynAxis:\n- {name: bps}\n")
    script = "import framepath.session\nframepath.session.RE\n"
    with pytest.raises(AssertionError, match="names that the session needs"):
        session(script, folder)
