"""Pages on devices, plans and documents, followed with a camera, a catalog and motors."""

from __future__ import annotations

import bluesky.plan_stubs as bps
import pytest
from ophyd import EpicsMotor, EpicsSignal

from chain.acquire.test_tomography import beamline, motion  # noqa: F401  (fixtures)
from doc_pages import follow
from framepath.acquire import frame_series


@pytest.fixture
def instead(sim_ioc, served, files_folder, tmp_path):
    """What stands for the prefixes, folders and addresses of the pages."""
    return {
        "13SIM1:": sim_ioc.prefix,
        "/data/simdet": str(files_folder / "simdet"),
        "/data/journals": str(tmp_path / "journals"),
        "/var/lib/framepath/journals": str(tmp_path / "journals"),
        "http://127.0.0.1:8000/?api_key=...": served.uri_with_key,
    }


def test_images_darks_and_flats(instead, tmp_path, capsys):
    made = follow("how-to/take-images-darks-flats.md", tmp_path, instead)
    assert "(4, 514, 1030) (3, 514, 1030) (2, 514, 1030)" in capsys.readouterr().out
    stored = {entry.frame_type: entry.stored for entry in made["simdet"].ledger}
    assert stored == {"dark": 3, "flat": 2, "image": 4}
    made["writer"].close()
    made["cat"].context.close()


def test_devices(instead, tmp_path):
    made = follow("reference/devices.md", tmp_path, instead)
    assert made["simdet"].name == "simdet"


def test_documents(instead, tmp_path, RE, det, catalog):
    made = follow("reference/documents.md", tmp_path, instead, {"RE": RE, "cat": catalog})
    (uid,) = RE(frame_series(det, images=1, darks=1))
    made["writer"].close()
    made["cat"].context.close()
    assert catalog[uid].references()[det.name]["dark"]["uid"] == uid


def test_plans(tmp_path, RE, documents, beamline, motion):  # noqa: F811
    camera, theta, _ = beamline
    given = {
        "RE": RE,
        "bps": bps,
        "camera": camera,
        "theta": theta,
        "sample_x": EpicsMotor(f"{motion}m2", name="sample_x"),
        "shutter": EpicsSignal(f"{motion}shutter", name="shutter", string=True, put_complete=True),
    }
    for device in ("sample_x", "shutter"):
        given[device].wait_for_connection()
    shorter = {"0, 180, 721": "0, 30, 16", "=10": "=1"}
    follow("reference/plans.md", tmp_path, shorter, given)
    plans = [start["plan_name"] for start in documents.of("start")]
    assert plans == ["tomo_scan", "tomo_scan"]
    assert [stop["exit_status"] for stop in documents.of("stop")] == ["success", "success"]
