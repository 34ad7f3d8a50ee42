import json

import h5py
import pytest
from click.testing import CliRunner

from framepath.cli import cli
from unit.files.builders import eiger_master


def run(*arguments):
    return CliRunner().invoke(cli, ["links", *map(str, arguments)])


def test_all_good_is_exit_0_and_a_table(tmp_path):
    done = run(eiger_master(tmp_path))
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0] == "good  series_1_data_000001.h5"
    assert lines[1] == f"  beside the file: {tmp_path}/series_1_data_000001.h5"
    assert lines[2].split() == [
        "/entry/data/data_000001", "external", "link", "->", "/entry/data/data", "uint16",
        "(4,", "6,", "8)",
    ]  # fmt: skip
    assert lines[-1].endswith("series_1_master.h5: 3 links, 0 broken")


def test_something_broken_is_exit_1(tmp_path):
    done = run(eiger_master(tmp_path, (4, 0)))
    assert done.exit_code == 1
    assert "broken  series_1_data_000002.h5\n  no such file; looked for" in done.output
    assert "files missing: 1 of 2." in done.output
    assert done.output.rstrip().endswith("2 links, 1 broken")


def test_json_is_one_object_with_every_field(tmp_path):
    done = run(eiger_master(tmp_path, (4, 0)), "--json")
    assert done.exit_code == 1
    found = json.loads(done.output)
    assert found["file"].endswith("series_1_master.h5")
    good, broken = found["links"]
    assert (good["shape"], good["dtype"], good["rule"]) == ([4, 6, 8], "uint16", "beside the file")
    assert (broken["exists"], broken["object_exists"], broken["rule"]) == (False, None, "not found")
    assert set(good) == {
        "file", "address", "kind", "target_file", "target_address", "resolved", "rule", "exists",
        "readable", "object_exists", "shape", "dtype", "problem",
    }  # fmt: skip
    assert found["problems"] == [f"/entry/data/data_000002: {broken['problem']}"]


MISUSES = [[], ["gone.h5"], ["{}", "--map", "nonsense"], ["{}", "--repair", "x", "--in-place"]]


@pytest.mark.parametrize("arguments", MISUSES)
def test_used_wrongly_is_exit_2(tmp_path, arguments):
    master = eiger_master(tmp_path)
    assert run(*(a.format(master) for a in arguments)).exit_code == 2


def test_map_and_repair(tmp_path):
    (tmp_path / "data").mkdir()
    master = eiger_master(tmp_path / "data", (2,)).rename(tmp_path / "m.h5")
    with h5py.File(master, "a") as file:
        del file["entry/data/data_000001"]
        target = h5py.ExternalLink("X:\\d=1\\series_1_data_000001.h5", "/entry/data/data")
        file["entry/data/data_000001"] = target
    assert run(master).exit_code == 1
    mapping = f"X:\\d=1={tmp_path}/data"
    assert run(master, "--map", mapping).exit_code == 0
    done = run(master, "--map", mapping, "--repair", tmp_path / "fixed.h5")
    assert done.exit_code == 0
    assert "series_1_data_000001.h5 -> data/series_1_data_000001.h5 (links: 1)\n" in done.output
    assert "fixed.h5: 1\n" in done.output
    done = run(master, "--map", mapping, "--in-place", "--json")
    found = json.loads(done.output)
    assert (done.exit_code, found["backup"]) == (0, f"{master}.bak")
    assert found["changes"][0]["after"] == "data/series_1_data_000001.h5"


def test_the_new_folder_may_have_an_equals_sign(tmp_path):
    folder = tmp_path / "T=300 K"
    folder.mkdir()
    master = eiger_master(folder, (2,)).rename(tmp_path / "m.h5")
    with h5py.File(master, "a") as file:
        del file["entry/data/data_000001"]
        target = h5py.ExternalLink("X:\\d\\series_1_data_000001.h5", "/entry/data/data")
        file["entry/data/data_000001"] = target
    assert run(master, "--map", f"X:\\d={folder}").exit_code == 0


def test_a_map_that_nothing_needs_is_told(tmp_path):
    done = run(eiger_master(tmp_path), "--map", f"Y:\\d={tmp_path}", "--json")
    assert "no target here begins with --map Y:\\d\n" in done.stderr
    assert done.exit_code == 0
    assert json.loads(done.stdout)["problems"] == []


def test_the_recorded_master(recorded_scan):
    done = run(recorded_scan)
    assert done.exit_code == 1
    assert "/entry/imaging/data" in done.output
    assert done.output.rstrip().endswith("40 links, 34 broken")
