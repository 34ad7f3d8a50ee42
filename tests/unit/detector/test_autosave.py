"""What autosave keeps, and how it reads what it finds."""

from __future__ import annotations

import json

import pytest

from framepath.detector.autosave import (
    STATE_FIELDS,
    Autosave,
    Saved,
    collect,
    load_saved,
    restore,
    write_saved,
)
from framepath.detector.port import Port
from framepath.spec.params import CAMERA_TABLES, load, plugin_rows
from unit.detector.rigs import camera_port, plugin_port

ROWS = load((*CAMERA_TABLES, "sim"))
ROUTES = ["/entry/data/data", "/entry/data/dark", "/entry/data/flat", "DblCorrelation"]


def states_of(pv: str) -> str:
    """A database in which only FrameType has other strings."""
    suffix, field = pv.removeprefix("T:cam1:").split(".")
    states = ROUTES if suffix == "FrameType" else ROWS[suffix].states
    return states[STATE_FIELDS[ROWS[suffix].record].index(field)]


def test_settings_and_changed_strings_are_saved_counters_and_commands_are_not():
    port = camera_port(AcquireTime=0.5)
    saved = collect({"cam1": port}, {"cam1": ROWS}, states_of)
    assert saved.values["cam1:AcquireTime"] == 0.5
    assert saved.values["cam1:NDAttributesFile"] == ""
    assert not {"cam1:Acquire", "cam1:ArrayCounter", "cam1:Acquire_RBV"} & saved.values.keys()
    assert saved.states == {"cam1:FrameType": ROUTES}


def test_what_was_saved_makes_the_next_ports():
    saved = Saved({"cam1:AcquireTime": 0.5, "HDF1:FileName": "x"}, {"cam1:FrameType": ROUTES})
    part = saved.of_plugin("cam1")
    rows = part.params(ROWS)
    assert rows["FrameType"].states == tuple(ROUTES)
    assert rows["FrameType_RBV"].states == ROWS["FrameType_RBV"].states
    port = Port("T:cam1:", rows, part.initial(rows))
    assert (port["AcquireTime"], port["FrameType"]) == (0.5, 0)


def test_values_of_the_wrong_kind_and_unknown_names_are_left_out():
    found = Saved({"AcquireTime": "long", "NoSuch": 1, "SizeX": 7, "Acquire": 1}).initial(ROWS)
    assert found == {"SizeX": 7}


@pytest.mark.parametrize("value", [None, [1], {}, True, "7", float("nan"), 1e400, 2**31, 1.5, -9])
def test_values_that_no_record_can_hold_are_left_out_and_logged(value, caplog):
    found = Saved({"NumImages": 9 if value == -9 else value, "ImageMode": value}).initial(ROWS)
    assert found == ({"NumImages": 9} if value == -9 else {})
    assert "saved value does not fit" in caplog.text


def test_text_longer_than_its_record_is_left_out():
    rows = plugin_rows("HDF1")
    fits = {"NDArrayPort": "\u00fc" * 19 + "x", "FileName": "x" * 255}
    assert Saved(fits).initial(rows) == fits
    assert Saved({name: f"{text}x" for name, text in fits.items()}).initial(rows) == {}


@pytest.mark.parametrize(
    "states", [5, ["a"], [1, 2, 3, 4], ["x" * 26, "b", "c", "d"], ["$(P)"] * 4]
)
def test_state_strings_that_make_no_record_are_left_out_and_logged(states, caplog):
    assert Saved({}, {"FrameType": states}).params(ROWS) == ROWS
    assert "saved state strings do not fit" in caplog.text


def test_restoring_puts_folders_before_what_uses_them():
    port = plugin_port("HDF1")
    order = []
    for name in ("CreateDirectory", "FilePath", "FileName"):
        port.on_put(name, lambda value, name=name: order.append(name))
    values = {"FileName": "f", "FilePath": "/d/", "CreateDirectory": -5}
    restore({"HDF1": port}, {"HDF1": values})
    assert order[0] == "CreateDirectory"
    assert sorted(order) == ["CreateDirectory", "FileName", "FilePath"]
    assert port["CreateDirectory"] == -5


def test_files_are_replaced_whole_and_the_one_before_is_kept(tmp_path):
    path = tmp_path / "ioc.json"
    for number in (1, 2):
        write_saved(path, Saved({"cam1:SizeX": number}))
    assert load_saved(path).values == {"cam1:SizeX": 2}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ioc.json", "ioc.json.previous"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"values": 5}', '{"values": {}}'])
def test_a_damaged_file_falls_back_to_the_one_before(tmp_path, damage, caplog):
    path = tmp_path / "ioc.json"
    for number in (1, 2):
        write_saved(path, Saved({"cam1:SizeX": number}))
    path.write_text(damage)
    assert load_saved(path).values == {"cam1:SizeX": 1}
    assert "autosave file is damaged" in caplog.text
    (tmp_path / "ioc.json.previous").unlink()
    assert load_saved(path) == Saved()


def test_it_saves_at_the_end_and_only_what_changed(tmp_path):
    path = tmp_path / "ioc.json"
    content = Saved({"cam1:SizeX": 1})
    keeper = Autosave(path, lambda: content)
    keeper.start()
    keeper.stop()
    assert json.loads(path.read_text())["values"] == {"cam1:SizeX": 1}
    written = path.stat().st_mtime_ns
    keeper.stop()
    assert path.stat().st_mtime_ns == written


def test_a_folder_that_cannot_be_written_is_logged(tmp_path, caplog):
    keeper = Autosave(tmp_path / "none" / "ioc.json", Saved)
    keeper.start()
    keeper.stop()
    assert "cannot save settings" in caplog.text
