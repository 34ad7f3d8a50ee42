"""The conformance report on our own IOC, and on one that differs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from chain.iocs import running_ioc

COMPARE = (sys.executable, "-m", "framepath", "ioc", "conformance")
CORE = ("--plugin", "HDF1", "--plugin", "image1")


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


def test_the_simulated_camera_conforms(fresh):
    code, report = compare("--prefix", fresh.prefix, *CORE)
    assert by_rule(report).keys() <= {"ioc-record-not-held"}
    assert (code, report["conforms"]) == (0, True)
    assert report["n_expected"] == 217 + 336 + 137
    assert report["n_found"] == report["n_expected"] - len(report["findings"])
    assert 0 < report["n_inert"] < report["n_settable"]


def test_what_differs_is_named(fresh, client):
    other = type(client)(fresh)
    other.put("cam1:FrameType.ZRST", "/entry/data/data")
    code, report = compare("--prefix", fresh.prefix, "--camera", "eiger", "--plugin", "image1")
    rules = by_rule(report)
    assert code == 1
    assert f"{fresh.prefix}cam1:FrameType" in rules["ioc-enum-strings"]
    assert f"{fresh.prefix}cam1:PhotonEnergy" in rules["ioc-pv-missing"]
    other.put("cam1:FrameType.ZRST", "Normal")


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
