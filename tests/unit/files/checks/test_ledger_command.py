"""``framepath ledger``: what a user sees, what a machine reads, and the exit status."""

from __future__ import annotations

import json

import h5py
import pytest
from click.testing import CliRunner

from framepath.cli.ledger import command
from unit.files.checks.cases import DARK, DATA, FLAT, kill, write_series, writing_process


def run(*arguments: object):
    return CliRunner().invoke(command, [str(a) for a in arguments])


@pytest.fixture
def path(tmp_path):
    return write_series(tmp_path / "f.h5", [DARK, DATA, DATA, FLAT])


def test_a_good_file(path):
    result = run(path, "--pixels")
    assert result.exit_code == 0
    lines = [line.split() for line in result.output.splitlines()]
    assert lines[1] == ["destination", "type", "received", "stored", "length", "gaps"]
    assert [DATA, "image", "2", "2", "2", "0"] in lines
    assert "4 complete frames; ids 1-4, 0 missing" in result.output
    assert "4 checksums compared; nothing wrong" in result.output


def test_a_fault_is_named_with_its_place(path):
    with h5py.File(path, "r+") as file:
        file[DATA].resize(3, axis=0)
    result = run(path)
    assert result.exit_code == 1
    assert f"error [ledger-never-written] {DATA}" in result.output
    assert "1 of 3 frames never written: 2" in result.output


def test_json_is_one_object(path):
    result = run(path, "--json")
    found = json.loads(result.output)
    assert set(found) == {"file", "rows", "counts", "findings"}
    assert found["counts"]["n_stored"] == 4
    assert found["rows"][1]["destination"] == DATA
    assert found["rows"][1]["fate"] == "stored"
    assert found["findings"] == []


def test_json_holds_no_nan(golden):
    result = run(golden / "b_routed_capture.h5", "--json")
    found = json.loads(result.output, parse_constant=lambda text: pytest.fail(text))
    assert found["rows"][0]["stored"] is None


def test_close(tmp_path):
    path = tmp_path / "f.h5"
    kill(writing_process(path, "swmr"))
    assert run(path).exit_code == 1
    result = run(path, "--close", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["counts"]["n_complete"] == 10
    assert "no frame was cut or added" in result.stderr
    assert "closed already" in run(path, "--close").output


@pytest.mark.parametrize("arguments", [["none.h5"], ["--close"], []])
def test_wrong_use_exits_with_2(arguments):
    assert run(*arguments).exit_code == 2


def test_force_needs_close(path):
    assert run(path, "--force").exit_code == 2
