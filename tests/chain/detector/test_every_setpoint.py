"""Every settable PV of a running IOC takes a value and reads it back, or is named here."""

from __future__ import annotations

import epics
import pytest

from chain.detector.pvs import DEADLINE_S
from chain.iocs import running_ioc
from framepath.spec.params import CAMERA_TABLES, PLUGIN_TABLES, load

PORTS = {
    "cam1": load((*CAMERA_TABLES, "sim", "framepath_sim")),
    **{name: load(tables) for name, tables in PLUGIN_TABLES.items()},
}

SHOWN_OTHERWISE = {
    "SizeX": "a region fits the sensor",
    "SizeY": "a region fits the sensor",
    "NumThreads": "at most MaxThreads",
    "FilePath": "ends with a slash",
    "TriggerCalc": "an expression or refused",
}
"""Names whose readback is not what this test puts; other tests show what it is."""

REFUSED = {"TriggerCalc", "XMLFileName"}
"""Names for which the text that this test puts is refused: INVALID alarm."""


def another(row):
    """A value that is not the initial one."""
    if row.is_enum:
        return (row.initial_value() + 1) % len(row.states)
    if row.is_text:
        return "abc"
    return row.initial_value() + (1 if row.record == "longout" else 0.5)


def settable(rows):
    """Settings: what is restored after a restart; commands and counters are not."""
    kinds = ("ao", "longout", "stringout", "bo", "mbbo")
    return [
        row
        for row in rows.values()
        if row.is_setpoint and row.autosaved and (row.record in kinds or row.is_text)
    ]


def base_of(row):
    """The name without that of the port below the plugin."""
    return row.name.rpartition(":")[2]


@pytest.fixture(scope="module")
def ioc():
    with running_ioc("--size", "24x32") as running:
        yield running


def get(pv, row):
    # Without a count pyepics may ask for as many characters as it has seen last.
    count = pv.nelm if row.array_type else None
    return pv.get(use_monitor=False, as_string=row.is_text, count=count, timeout=DEADLINE_S)


@pytest.mark.parametrize("port", PORTS)
def test_settings_are_taken_and_read_back(ioc, port):
    rows = settable(PORTS[port])
    names = [f"{ioc.prefix}{port}:{row.suffix}" for row in rows]
    puts = {name: epics.PV(name) for name in names}
    shown = {
        name: epics.PV(f"{name}_RBV")
        for name, row in zip(names, rows, strict=True)
        if f"{row.suffix}_RBV" in PORTS[port] and base_of(row) not in SHOWN_OTHERWISE
    }
    wrong = {}
    for name, row in zip(names, rows, strict=True):
        put = puts[name]
        assert put.wait_for_connection(DEADLINE_S), name
        before, value = get(put, row), another(row)
        assert put.put(value, wait=True, timeout=DEADLINE_S) == 1, name
        pvs = [put, *([shown[name]] if name in shown else [])]
        found = [get(pv, row) for pv in pvs if pv.wait_for_connection(DEADLINE_S)]
        put.get_ctrlvars()
        is_invalid = put.severity == epics.INVALID_ALARM
        if found != [pytest.approx(value)] * len(pvs) or is_invalid != (base_of(row) in REFUSED):
            wrong[name] = (value, found, put.severity)
        put.put(before, wait=True, timeout=DEADLINE_S)
    assert wrong == {}
