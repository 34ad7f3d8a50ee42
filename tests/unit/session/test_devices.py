"""Devices of a session: loaded without their IOCs, mistakes told."""

from __future__ import annotations

import pytest

from framepath.errors import SettingsError
from framepath.session.devices import load_devices

GOOD = """
framepath.acquire.area_detector:
- {name: simdet, prefix: "NOSUCH:", files: /data}
- {name: eiger2, prefix: "NOSUCH2:", kind: eiger, files: {ioc: /a, here: /b}, plugins: [stats1]}
ophyd.sim.SynAxis:
- {name: sample}
"""


def test_devices_are_made_without_their_iocs(tmp_path):
    path = tmp_path / "devices.yml"
    path.write_text(GOOD)
    devices = load_devices([path, tmp_path / "absent.yml"], connect_s=0.2)
    assert sorted(devices) == ["eiger2", "sample", "simdet"]
    assert devices["eiger2"].folder.map.here == "/b"


def test_a_device_that_does_not_answer_is_named(tmp_path):
    path = tmp_path / "devices.yml"
    path.write_text('ophyd.EpicsMotor:\n- {name: theta, prefix: "NOSUCH:m1"}\n')
    with pytest.warns(RuntimeWarning, match="theta"):
        assert "theta" in load_devices([path], connect_s=0.2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- just a list", "devices.yml"),
        ("no.such.creator:\n- {name: x}", "no.such.creator"),
        ("framepath.acquire.area_detector:\n- {name: x, prefix: 'X:', filess: /d}", "filess"),
        ("framepath.acquire.area_detector:\n- {name: x, prefix: 'X:', files: d}", "absolute"),
    ],
)
def test_mistakes_in_a_file_are_told(tmp_path, text, told):
    path = tmp_path / "devices.yml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=told):
        load_devices([path], connect_s=0.2)
