"""Ports: values, puts, pacing, and who waits for busy work."""

from __future__ import annotations

import pytest

from framepath.detector.drivers.base import Shown
from framepath.detector.port import PutRefused
from framepath.errors import SettingsError
from unit.detector.rigs import camera_port, plugin_port


class Shelf:
    """Records that remember what was written (implements `framepath.detector.port.Records`)."""

    def __init__(self):
        self.written: list[tuple[str, object]] = []

    def write_readback(self, name, value):
        self.written.append((name, value))

    def write_setpoint(self, suffix, value):
        self.written.append((f"put {suffix}", value))


@pytest.fixture
def port():
    made = camera_port()
    made.shelf = Shelf()
    made.bind(made.shelf)
    return made


@pytest.mark.parametrize("number", [-1, 4, 65535])
def test_a_number_that_is_no_state_is_refused(port, number):
    port.put("FrameType", 3)
    with pytest.raises(PutRefused, match=f"found {number}; expected 0 Normal, 1 Background"):
        port.put("FrameType", number)
    assert port["FrameType"] == 3


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused(port, number):
    with pytest.raises(PutRefused, match=r"not finite; found .*; expected a finite number"):
        port.put("AcquireTime", number)
    assert port["AcquireTime"] == 0.001
    pixels = plugin_port("HDF1")
    pixels.put("FillValue", number)  # a pixel like any other
    assert pixels["FillValue"] == pytest.approx(number, nan_ok=True)


def test_values_start_as_the_table_says():
    port = camera_port(SizeX=32)
    assert port["SizeX"] == 32
    assert port["AcquireTime"] == 0.001
    assert port["ImageMode"] == 2
    assert port["FrameType"] == 0
    assert port.text("Model") == "Basic simulator"


def test_an_initial_value_that_no_row_has_is_refused():
    with pytest.raises(SettingsError, match="no such parameter; found Sizex; at T:cam1:"):
        camera_port(Sizex=32)


def test_edges_are_shown_at_once_in_order(port):
    for value in (1, 0, 1, 0):
        port.publish("Acquire", value)
    assert port.shelf.written == [("Acquire", value) for value in (1, 0, 1, 0)]


def test_counters_are_shown_when_flushed_with_their_last_value(port):
    for value in range(5):
        port.publish("ArrayCounter", value)
    assert port.shelf.written == []
    port.flush()
    port.flush()
    assert port.shelf.written == [("ArrayCounter", 4)]


def test_a_counter_that_a_client_puts_is_shown_at_once(port):
    port.put("ArrayCounter", 7)
    assert port.shelf.written == [("ArrayCounter", 7)]


def test_a_handler_decides_what_is_shown(port):
    port.on_put("BinX", lambda value: min(value, 8))
    port.on_put("Acquire", lambda value: Shown.UNCHANGED)
    for name, value in (("BinX", 100), ("Acquire", 1), ("Gain", 2.5)):
        port.put(name, value)
    assert port.shelf.written == [("BinX", 8), ("Gain", 2.5)]
    assert (port["BinX"], port["Acquire"]) == (8, 0)


def test_a_refused_put_leaves_the_value(port):
    def refuse(value):
        raise PutRefused("no", found=value)

    port.on_put("SizeX", refuse)
    with pytest.raises(PutRefused):
        port.put("SizeX", -1)
    assert port["SizeX"] == 1030
    assert port.shelf.written == []


def test_waiters_are_released_once_when_the_work_ends(port):
    done = []
    port.when_done("Acquire", lambda: done.append("idle"))
    port.begin("Acquire")
    port.when_done("Acquire", lambda: done.append("first"))
    port.when_done("Acquire", lambda: done.append("second"))
    assert done == ["idle"]
    port.end("Acquire")
    port.end("Acquire")
    assert done == ["idle", "first", "second"]


def test_a_put_that_started_nothing_does_not_wait_for_others(port):
    done = []
    port.begin("Acquire")
    port.when_done("Acquire", lambda: done.append("first"))
    port.do_not_wait("Acquire")
    port.when_done("Acquire", lambda: done.append("started nothing"))
    port.when_done("Acquire", lambda: done.append("last"))
    assert done == ["started nothing"]
    port.end("Acquire")
    assert done == ["started nothing", "first", "last"]


def test_parameters_are_found_by_areadetectors_names():
    port = plugin_port("HDF1")
    assert port.name_of("NUM_CAPTURE") == "NumCapture"
    assert port.name_of("HDF5_layoutFilename") == "XMLFileName"
    assert port.name_of("NO_SUCH_PARAMETER") is None
    assert camera_port().name_of("STATUS") == "DetectorState"


def test_an_inert_busy_put_ends_at_once(port):
    port.put("PreAllocBuffers", 1)
    assert port.shelf.written == [("put PreAllocBuffers", 0)]
