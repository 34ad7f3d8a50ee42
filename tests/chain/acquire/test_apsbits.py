"""An apsbits session with the lines that docs/how-to/add-to-your-session.md tells to write."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from chain.acquire.apsbits_instrument import NAME, PAGE, make_instrument
from chain.iocs import running_ioc
from doc_pages import blocks

WARN_ONLY, PREFLIGHT = (
    block.text for block in blocks(PAGE) if block.language == "python" and not block.title
)

SESSION = f"""
from {NAME}.startup import *

import json

def prime(det):
    det.read_attrs = ["hdf1"]
    det.hdf1.enable.put("Enable")
    det.cam.array_callbacks.put(1)
    det.cam.acquire_time.put(0.15)  # ophyd's trigger must be back before it ends
    det.cam.acquire_period.put(0.15)
    det.cam.stage_sigs["num_images"] = 1
    det.cam.image_mode.put("Single")
    det.cam.acquire.put(1, wait=True)

def outcome(plan):
    try:
        (uid,) = RE(plan)
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"
    return uid

for det in (adsim, adnamed, adnowhere, adunseen):
    prime(det)
told = {{"container": cat.uri, "motor": sim_motor.name}}
told["adsim"] = outcome(bp.count([adsim], num=3))
adnamed.hdf1.file_name.put("named")
adnamed.hdf1.file_template.put("%s%s_%6.6d.h5")
adnamed.hdf1.auto_increment.put("Yes")
adnamed.hdf1.num_capture.put(0)
told["elsewhere"] = outcome(bp.count([adnamed]))
adnamed.hdf1.file_path.put(adnamed.hdf1.write_path_template)
told["adnamed"] = outcome(bp.count([adnamed], num=3))
told["adnowhere"] = outcome(bp.count([adnowhere]))
told["adunseen"] = outcome(bp.count([adunseen]))
told["simdet"] = outcome(bp.count([simdet], num=3))
told["eiger2"] = outcome(bp.count([eiger2], num=2))
adsim.cam.stage_sigs["num_images"] = 4
told["scan"] = outcome(bp.scan([adsim], sim_motor, 0, 1, 2))

def trigger_and_take_one_more():
    yield from bps.stage(adsim)
    yield from bps.open_run()
    yield from bps.trigger_and_read([adsim])
    adsim.cam.acquire.put(1, wait=True)  # somebody else's frames
    yield from bps.close_run()
    yield from bps.unstage(adsim)

adsim.cam.stage_sigs["num_images"] = 1
told["others"] = outcome(trigger_and_take_one_more())
writer.wait()
before = adsim.hdf1.file_path.get(), adsim.hdf1.create_directory.get()
{PREFLIGHT}
told["preflight"] = repr(preflight([adsim, simdet, sim_motor], catalog=cat, writer=writer))
told["not ready"] = repr(preflight([adnowhere, adunseen], catalog=cat, writer=writer))
told["changed"] = before != (adsim.hdf1.file_path.get(), adsim.hdf1.create_directory.get())
{WARN_ONLY}
writer.close()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(served, catalog, files_folder, tmp_path_factory):
    """What happened in the session: a run's uid or an error, by plan."""
    place = tmp_path_factory.mktemp("apsbits")
    folder = files_folder / "apsbits"
    for name in ("stock", "named"):
        (folder / name).mkdir(parents=True)
    catalog.create_container("apsbits").create_container("runs")
    with running_ioc() as ioc, running_ioc(kind="eiger") as eiger:
        environment = make_instrument(
            place, ioc.prefix, eiger.prefix, folder, served.uri_with_key, "apsbits/runs"
        )
        done = subprocess.run(
            [sys.executable, "-c", SESSION],
            cwd=place,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=180,
        )
    assert done.returncode == 0, done.stderr[-6000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def runs(told, catalog):
    """The container of the session's runs."""
    return catalog["apsbits/runs"]


def ledger_of(run):
    rows = run["ledger"].read()
    names = ("detector", "frame_type", "triggered", "received", "stored")
    return [tuple(rows[name].values[i].item() for name in names) for i in range(rows.sizes["time"])]


@pytest.mark.parametrize(
    ("plan", "detector", "n", "shape"),
    [
        ("adsim", "adsim", 3, (3, 514, 1030)),
        ("adnamed", "adnamed", 3, (3, 514, 1030)),
        ("simdet", "simdet", 3, (3, 514, 1030)),
        ("eiger2", "eiger2", 2, (2, 514, 1030)),
        ("scan", "adsim", 8, (2, 4, 514, 1030)),
    ],
)
def test_runs_of_stock_detectors_and_ours_have_frames_and_a_ledger(
    told, runs, plan, detector, n, shape
):
    run = runs[told[plan]]
    assert run["primary"][f"{detector}_image"].shape == shape
    assert ledger_of(run) == [(detector, "image", n, n, n)]
    assert run.metadata["start"]["beamline_id"] == "demo_instrument"
    assert run.metadata["stop"]["exit_status"] == "success"


def test_the_container_is_the_one_that_the_session_was_configured_with(told, runs):
    assert told["container"] == runs.uri
    assert told["motor"] == "sim_motor"


@pytest.mark.parametrize(
    ("plan", "parts"),
    [
        ("adnowhere", ("does not exist where the IOC runs", "/nowhere", "write_path_template")),
        ("adunseen", ("not visible here", "/mnt/not-mounted/stock", "/stock/'", "read_path")),
        ("elsewhere", ("another folder than the one the IOC writes to", "/named")),
    ],
)
def test_a_folder_that_a_host_lacks_is_told_before_staging_hangs(told, plan, parts):
    assert told[plan].startswith("StagingError")
    for part in parts:
        assert part in told[plan]


def test_a_preflight_checks_stock_detectors_and_ours_and_puts_everything_back(told, runs):
    assert told["preflight"].endswith("\nready"), told["preflight"]
    for name in ("adsim", "simdet"):
        assert f"{name}: the catalog server reads files of its folder" in told["preflight"]
        assert "is the folder that the IOC writes to" in told["preflight"]
    assert told["not ready"].endswith("\nnot ready")
    assert told["not ready"].count("[preflight-folder]") == 2
    assert "/mnt/not-mounted/stock" in told["not ready"]
    assert not told["changed"]
    assert not [key for key in runs if key.startswith("framepath-check")]


def test_frames_that_no_trigger_asked_for_are_told(told):
    assert told["others"].startswith("FramesLost")
    assert "1 triggered, 2 received, 2 stored" in told["others"]
