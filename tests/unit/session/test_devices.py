"""Devices of a session: loaded without their IOCs, mistakes told."""

from __future__ import annotations

import pytest

from framepath.config.paths import PathMap
from framepath.errors import SettingsError
from framepath.session.devices import load_devices

GOOD = """
framepath.acquire.area_detector:
- {name: simdet, prefix: "NOSUCH:", files: /data}
- {name: eiger2, prefix: "NOSUCH2:", kind: eiger, files: {ioc: /a, here: /b}, plugins: [stats1]}
ophyd.sim.SynAxis:
- {name: sample}
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "devices.yml"
        path.write_text(text)
        return path

    return write


def test_devices_are_made_without_their_iocs(file, tmp_path):
    devices = load_devices([file(GOOD), tmp_path / "absent.yml"], connect_s=0.2)
    assert sorted(devices.made) == ["eiger2", "sample", "simdet"]
    assert devices.made["eiger2"].folder.map.here == "/b"
    assert sorted(devices.silent) == ["eiger2", "simdet"]
    assert "NOSUCH:cam1:" in devices.silent["simdet"]


def test_one_path_gets_its_names_from_the_table_of_the_settings(file):
    entry = "framepath.acquire.area_detector: [{name: det, prefix: 'X:', files: /mnt/data/%Y}]\n"
    table = PathMap(ioc="X:\\data", here="/mnt/data", server="/srv/data")
    made = load_devices([file(entry)], connect_s=0.2, path_maps=[table]).made["det"]
    assert made.folder.map == table
    assert made.folder.subfolder == "%Y"


def test_a_device_that_does_not_answer_is_named_with_its_first_pv(file):
    path = file('ophyd.EpicsMotor:\n- {name: theta, prefix: "NOSUCH:m1"}\n')
    devices = load_devices([path], connect_s=0.2)
    assert "theta" in devices.made
    assert "NOSUCH:m1.RBV first" in devices.silent["theta"]


def test_a_creator_that_wants_an_ioc_leaves_the_other_devices(file):
    entry = """
ophyd.sim.SynAxis: [{name: sample}]
ophyd.Device: [{name: x, prefix: "X:"}]
"""
    creator = "unit.session.creators.needs_its_ioc"
    devices = load_devices([file(f"{entry}{creator}: [{{name: adsim}}]\n")], connect_s=0.2)
    assert sorted(devices.made) == ["sample", "x"]
    assert devices.absent == {"adsim": "no IOC for adsim"}


MISTAKES = [
    ("- just a list", "devices.yml"),
    ("a: {", "devices.yml"),
    ("no.such.creator:\n- {name: x}", "no.such.creator, x: there is no such creator"),
    ("framepath.acquire.area_detector:\n- {name: x, prefix: 'X:', filess: /d}", "filess"),
    ("framepath.acquire.area_detector:\n- {name: x, prefix: 'X:', files: d}", "absolute"),
    ("framepath.acquire.area_detector:\n- just text", "just text"),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_mistakes_in_a_file_are_told(file, text, told):
    with pytest.raises(SettingsError, match=told):
        load_devices([file(text)], connect_s=0.2)


def test_all_mistakes_are_told_at_once(file):
    text = """
no.such.creator: [{name: one}]
framepath.acquire.area_detector:
- {name: two, prefix: "X:", kind: pilatus, files: /d}
- {name: three, prefix: "X:", files: /d}
"""
    with pytest.raises(SettingsError, match="2 entries") as raised:
        load_devices([file(text)], connect_s=0.2)
    for part in ("one", "two", "pilatus", "eiger, generic, sim"):
        assert part in str(raised.value)
