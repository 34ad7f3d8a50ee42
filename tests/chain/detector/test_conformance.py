"""The conformance report on our own IOC, and on one that differs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from chain.iocs import running_ioc

COMPARE = (sys.executable, "-m", "framepath", "ioc", "conformance")
N_PVS = 2616
"""Of areaDetector's simulated camera with the twelve plugins."""

NEEDED = {"cam1", "HDF1", "image1", "Pva1", "Stats1", "ROI1", "Proc1", "TIFF1", "Codec1"}
MOST_EXCEPTIONS = 25
"""PVs of `NEEDED` that may be missing, each of a record type that softioc does not have."""

MOST_INERT = 150
"""Settable PVs without effect: most have none in areaDetector either; see the page of PVs."""

NOT_HELD = {
    "cam1:AsynIO",
    "HDF1:AsynIO",
    "image1:AsynIO",
    "Pva1:AsynIO",
    "Stats1:AsynIO",
    "Stats1:TS:AsynIO",
    "Stats1:Reset",
    "Stats1:Reset1",
    "Stats1:Reset2",
    "ROI1:AsynIO",
    "Proc1:AsynIO",
    "Proc1:TIFF:AsynIO",
    "Proc1:ReadBackgroundTIFFSeq",
    "Proc1:ReadFlatFieldTIFFSeq",
    "TIFF1:AsynIO",
    "Codec1:AsynIO",
    "Trans1:AsynIO",
    "JPEG1:AsynIO",
    "CB1:AsynIO",
}
"""Records of the types asyn and sseq."""

OF_THIS_START = {"Pva1:PvName_RBV"} | {
    f"cam1:{name}{axis}{readback}"
    for name, readback in (
        ("ArraySize", "_RBV"), ("MaxSize", "_RBV"), ("Size", ""), ("Size", "_RBV")
    )
    for axis in "XY"
}  # fmt: skip
"""The prefix and the size of the detector that the tests choose."""


def compare(*arguments):
    done = subprocess.run(
        [*COMPARE, *arguments, "--json"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def by_rule(report):
    found = {}
    for finding in report["findings"]:
        found.setdefault(finding["rule"], set()).add(finding["where"])
    return found


@pytest.fixture(scope="module")
def fresh():
    with running_ioc("--size", "24x32") as ioc:
        yield ioc


def test_camera_and_plugins_conform_but_for_the_named_records(fresh):
    code, report = compare("--prefix", fresh.prefix)
    missing = {pv.removeprefix(fresh.prefix) for pv in by_rule(report)["ioc-record-not-held"]}
    assert missing == NOT_HELD
    assert sum(pv.split(":")[0] in NEEDED for pv in missing) <= MOST_EXCEPTIONS
    assert len(report["findings"]) == len(missing), "findings of other kinds"
    assert (code, report["conforms"]) == (0, True)
    assert (report["n_expected"], report["n_found"]) == (N_PVS, N_PVS - len(missing))
    assert 0 < report["n_inert"] <= MOST_INERT < report["n_settable"]


def test_a_fresh_ioc_has_the_initial_values_of_the_real_one(fresh):
    code, report = compare("--prefix", fresh.prefix, "--fresh")
    rules = by_rule(report)
    of_site = {pv.removeprefix(fresh.prefix) for pv in rules["ioc-initial-value-of-site"]}
    assert rules.keys() == {"ioc-record-not-held", "ioc-initial-value-of-site"}
    assert of_site == OF_THIS_START
    assert report["n_initial"] == report["n_found"]
    assert (code, report["conforms"]) == (0, True)


def test_the_picture_holds_a_frame_in_colour(fresh, client):
    assert type(client)(fresh).pv("image1:ArrayData").nelm == 24 * 32 * 3


def test_an_initial_value_that_differs_is_named(fresh, client):
    other = type(client)(fresh)
    other.put("ROI1:Scale", 3.0)
    code, report = compare("--prefix", fresh.prefix, "--plugin", "ROI1", "--fresh")
    found = [f for f in report["findings"] if f["rule"] == "ioc-initial-value"]
    assert code == 1
    assert {f["where"].removeprefix(fresh.prefix) for f in found} == {
        "ROI1:Scale",
        "ROI1:Scale_RBV",
    }
    assert (found[0]["found"], found[0]["expected"]) == ("'3'", "'1'")
    other.put("ROI1:Scale", 1.0)


def test_what_differs_is_named(fresh, client):
    other = type(client)(fresh)
    other.put("cam1:FrameType.ZRST", "/entry/data/data")
    code, report = compare("--prefix", fresh.prefix, "--camera", "eiger", "--plugin", "image1")
    rules = by_rule(report)
    assert code == 1
    assert f"{fresh.prefix}cam1:FrameType" in rules["ioc-enum-strings"]
    assert f"{fresh.prefix}cam1:PhotonEnergy" in rules["ioc-pv-missing"]
    other.put("cam1:FrameType.ZRST", "Normal")


@pytest.mark.parametrize("model", ["eiger1-500k", "eiger2-500k"])
def test_an_eiger_is_known_by_its_own_pvs(model):
    with running_ioc("--model", model, kind="eiger") as ioc:
        code, report = compare("--prefix", ioc.prefix, "--plugin", "image1")
    assert by_rule(report).keys() == {"ioc-record-not-held"}, report["findings"][:5]
    assert (code, report["conforms"]) == (0, True)


def test_an_ioc_that_is_not_there_is_one_clear_line():
    done = subprocess.run(
        [*COMPARE, "--prefix", "NOBODY:", "--plugin", "image1", "--wait", "0.5"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("framepath: no PV of the IOC answers; found silence for 0.5 s")
    assert "at NOBODY:. Next: check the prefix and EPICS_CA_ADDR_LIST" in done.stderr
