"""The parameter table: complete, consistent, and what areaDetector's own IOC shows."""

from __future__ import annotations

import re

import pytest

from framepath.spec.addresses import MBBO_STATE_CHARACTERS
from framepath.spec.params import CAMERA_TABLES, PLUGIN_TABLES, Rate, load, plugin_rows

CAMERAS = {
    "sim": (*CAMERA_TABLES, "sim"),
    "eiger": (*CAMERA_TABLES, "eiger", "eiger1"),
    "eiger2": (*CAMERA_TABLES, "eiger", "eiger2"),
}
TABLES = {**PLUGIN_TABLES, **CAMERAS}

# PVs of each plugin of ADCore R3-14 with ADSimDetector R2-11, counted on a running IOC.
N_AREA_DETECTOR = {
    "sim": 217,
    "HDF1": 336,
    "image1": 137,
    "Pva1": 137,
    "Stats1": 403,
    "ROI1": 189,
    "Proc1": 396,
    "Trans1": 137,
    "TIFF1": 174,
    "JPEG1": 176,
    "Codec1": 153,
    "CB1": 161,
}


@pytest.fixture(params=sorted(TABLES))
def rows(request):
    return load(TABLES[request.param])


@pytest.mark.parametrize(("plugin", "number"), N_AREA_DETECTOR.items())
def test_every_pv_of_areadetector_has_a_row(plugin, number):
    assert sum(not row.ours for row in load(TABLES[plugin]).values()) == number


def test_initial_values_are_of_the_records_own_type(rows):
    for row in rows.values():
        value = row.initial_value()
        if row.is_enum:
            assert value == 0 or row.initial in (row.states[value], str(value))
        elif row.is_text:
            assert value == row.initial
        elif row.record in ("ai", "ao", "longin", "longout") and row.initial:
            assert float(value) == float(row.initial)


def test_states_fit_the_records(rows):
    for row in rows.values():
        assert len(row.states) <= (2 if row.record in ("bi", "bo", "busy") else 16)
        assert all(len(state) <= MBBO_STATE_CHARACTERS for state in row.states)
        assert len(row.states) == len(row.state_values) == len(set(row.states))


def test_links_lead_to_rows_of_the_same_plugin(rows):
    for row in rows.values():
        for name, value in row.fields:
            for suffix in re.findall(r"\{P\}([\w:]+)", value):
                assert suffix in rows, f"{row.suffix}.{name} = {value}"


def test_a_port_below_a_plugin_is_linked_and_described_as_any_other():
    below, plugin = plugin_rows("Stats1:TS"), plugin_rows("HDF1")
    for suffix in ("QueueUseHIGH", "SortFreeLow", "Dim3SA_RBV", "ArrayCounter_RBV"):
        assert below[suffix].fields == plugin[suffix].fields
        assert below[suffix].rate == plugin[suffix].rate
        assert below[suffix].description == plugin[suffix].description
    assert below["QueueUseHIGH"].fields
    assert not any(suffix.startswith("TS:") for suffix in plugin_rows("Stats1"))
    assert len(plugin_rows("Stats1")) + len(below) == len(load(PLUGIN_TABLES["Stats1"]))


def test_a_setpoint_and_its_readback_agree(rows):
    for row in rows.values():
        readback = rows.get(f"{row.suffix}_RBV")
        # The circular buffer has a command Trigger and a state of the same name.
        if row.is_setpoint and readback and readback.parameter and row.suffix != "Trigger":
            assert (row.name, row.parameter) == (readback.name, readback.parameter)
            if row.is_enum and row.suffix not in ("FileFormat", "ShutterMode"):
                assert len(row.states) == len(readback.states)


def test_rows_say_what_they_are_for():
    camera, hdf = load(CAMERAS["sim"]), load(PLUGIN_TABLES["HDF1"])
    assert camera["Acquire"].busy
    assert not camera["Acquire"].autosaved
    assert hdf["Capture"].record == "busy"
    assert camera["AcquireTime"].autosaved
    assert camera["ArrayCounter_RBV"].rate is Rate.PACED
    assert camera["Acquire_RBV"].rate is Rate.EDGE
    assert camera["FrameType"].states == ("Normal", "Background", "FlatField", "DblCorrelation")
    assert hdf["Compression"].parameter == "HDF5_compressionType"
    assert hdf["XMLFileName"].array_length == 2048


def test_parameters_have_their_whole_names():
    hdf = load(PLUGIN_TABLES["HDF1"])
    assert hdf["StorePerform"].parameter == "HDF5_storePerformance"
    assert hdf["NumPreAllocBuffers_RBV"].parameter == "POOL_NUM_PRE_ALLOC_BUFFERS"


def test_a_later_table_changes_only_what_it_says():
    mode = load(CAMERAS["eiger2"])["TriggerMode"]
    assert mode.states[-1] == "External Gate"
    assert mode.initial_value() == 0
    assert mode.parameter == "TRIGGER_MODE"
    assert load(CAMERAS["eiger2"])["AcquireTime"].precision == 3


def test_text_that_is_no_state_is_refused():
    row = load(CAMERAS["sim"])["ImageMode"]
    assert row.state_index("Multiple") == row.state_index("1") == 1
    with pytest.raises(ValueError, match="'Bursts' is not one of Single, Multiple, Continuous"):
        row.state_index("Bursts")
