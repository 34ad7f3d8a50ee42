"""A session in processes of its own, as docs/how-to/start-a-session.md tells its reader."""

from __future__ import annotations

import json

import nbformat
import pytest

from chain.acquire.conftest import catalog, served  # noqa: F401 (fixtures)
from framepath.config.settings import SessionSettings
from framepath.errors import SettingsError
from framepath.session.catalogs import connect
from framepath.spec.serving import API_KEY_VARIABLE

TOLD = """
writer.wait()
import json
run = cat[-1]
print(json.dumps({
    "streams": sorted(run),
    "start": {k: run.metadata["start"].get(k) for k in ("scan_id", "beamline", "sample")},
    "references": run.metadata["start"].get("references"),
}))
"""


EXECUTE = "from nbclient.cli import main; main()"


def executed(folder, cells: list[str]) -> list[str]:
    """What each cell of a notebook printed or showed, run by Jupyter's own command."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    path = folder.path / "session.ipynb"
    nbformat.write(notebook, path)
    folder.run("-c", EXECUTE, "--inplace", "--timeout=100", str(path))
    return [
        "".join(output.get("text") or output.data["text/plain"] for output in cell.outputs)
        for cell in nbformat.read(path, as_version=4).cells
    ]


def test_the_page_in_a_notebook_and_then_on_a_terminal(folder, served, catalog):  # noqa: F811
    page = [folder.text(block) for block in folder.blocks("python")]
    shown = executed(folder, [*page, "session", 'RE.md["sample"] = "Au"', TOLD])
    assert "(4, 514, 1030)" in shown[1]
    assert shown[2].endswith("ready\n")
    assert "simdet  SimFrameDetector" in shown[3]
    first = json.loads(shown[5].splitlines()[-1])
    assert first["streams"] == ["dark", "flat", "ledger", "primary"]
    assert first["start"] == {"scan_id": 1, "beamline": "3ID", "sample": None}

    # The same folder with a catalog that is named as other Bluesky sessions name it.
    runs = catalog.create_container("sessions").create_container("runs")
    runs.create_container("notes")  # beside runs, and none itself
    profiles = folder.path / "profiles"
    profiles.mkdir()
    (profiles / "mine.yml").write_text(f"beamline:\n  uri: {served.uri_with_key}\n")
    (folder.path / "framepath.yml").write_text("session: {metadata: {beamline: 3ID}}\n")
    folder.environment |= {
        "TILED_PROFILES": str(profiles),
        "TILED_PROFILE_NAME": "beamline",
        "TILED_PATH_NAME": "/sessions/runs",
    }
    code = f"RE(bp.count([simdet]))\n{TOLD}".replace("cat[-1]", "cat.values().last()")
    done = folder.run("-m", "framepath", "ipython", "-c", code)
    banner = done.stdout.split("Try: ")[0]
    for text in ("framepath.yml", "profile beamline, 0 runs", "scan_id 2", "simdet  SimFrame"):
        assert text in banner
    assert "Missing" not in banner
    assert "RE(bp.count([simdet], num=3))" in done.stdout
    second = json.loads(done.stdout.splitlines()[-1])
    assert second["streams"] == ["ledger", "primary"]
    assert second["start"] == {"scan_id": 2, "beamline": "3ID", "sample": "Au"}
    assert not list((folder.path / "framepath-session/journals").glob("*"))
    assert len(catalog["sessions/runs"]) == 2


MORE_DEVICES = """
ophyd.EpicsMotor:
- {name: theta, prefix: "NOSUCH:m1"}
apstools.devices.ad_creator:
- name: adsim
  prefix: "NOSUCH:"
  plugins: [{cam: {class: apstools.devices.SimDetectorCam_V34}}]
"""


def test_what_is_missing_is_told_and_the_rest_is_there(folder):
    with (folder.path / "devices.yml").open("a") as file:
        file.write(MORE_DEVICES)
    settings = "session: {catalog: 'http://127.0.0.1:9', tables: false, connect_s: 2}\n"
    (folder.path / "framepath.yml").write_text(settings)
    folder.environment["TILED_RETRY_ATTEMPTS"] = "1"
    done = folder.run("-m", "framepath", "ipython", "-c", "RE(bp.count([simdet])); cat")
    missing = done.stdout.partition("Missing:")[2]
    assert "theta does not answer: none of its 19 PVs connects, NOSUCH:m1.RBV first" in missing
    assert "adsim was not made: NOSUCH:cam1:Acquire_RBV could not connect" in missing
    assert "the catalog does not answer at http://127.0.0.1:9" in missing
    assert "Try: RE(bp.count([simdet], num=3))" in missing
    assert "Traceback" not in done.stdout + done.stderr
    (journal,) = (folder.path / "framepath-session/journals").iterdir()
    assert journal.read_text().count("\n") >= 6
    assert journal.stem in done.stderr  # what waits is told at the end


def test_a_mistake_in_the_settings_ends_the_start_with_one_line(folder):
    (folder.path / "framepath.yml").write_text("session: {catalogue: x}")
    done = folder.run("-m", "framepath", "ipython", "-c", "1", expected=2)
    (line,) = done.stderr.splitlines()
    assert line.startswith("framepath: ")
    assert "session.catalogue: there is no such name, did you mean catalog?" in line
    assert "framepath.yml" in line


def test_a_mistake_in_the_devices_ends_the_start_with_one_error(folder):
    entries = "ophyd.EpicsMotr: [{name: m}]\nframepath.acquire.area_detector: [{name: d}]\n"
    (folder.path / "devices.yml").write_text(entries)
    done = folder.run("-m", "framepath", "ipython", "-c", "1", expected=2)
    for part in ("2 entries", "devices.yml, ophyd.EpicsMotr, m: there is no such", "prefix"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_that_the_catalog_refuses(folder):
    folder.environment["FRAMEPATH_API_KEY"] = "wrong"
    done = folder.run("-m", "framepath", "ipython", "-c", "1", expected=2)
    for part in ("the catalog cannot be used", "401", "FRAMEPATH_API_KEY"):
        assert part in done.stderr


def test_a_container_that_the_catalog_does_not_have(served, monkeypatch):  # noqa: F811
    monkeypatch.setenv(API_KEY_VARIABLE, served.api_key)
    with pytest.raises(SettingsError, match="the catalog cannot be used") as raised:
        connect(SessionSettings(catalog=served.uri, container="no/such"))
    assert "container no/such" in str(raised.value)
