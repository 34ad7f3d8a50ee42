"""CB1: what comes before and after a trigger, and every way to trigger."""

from __future__ import annotations

import math

import pytest

from framepath.detector.graph import Graph
from framepath.detector.plugins.circular import CircularBuffer
from framepath.detector.plugins.circular_calc import Calc
from framepath.detector.port import PutRefused
from framepath.errors import SettingsError
from framepath.spec.ndattribute import NDAttribute, NDAttrType
from unit.detector.rigs import SOURCE, make_plugin, numbered


class Rig:
    def __init__(self):
        self.graph = Graph()
        self.plugin = make_plugin("CB1", self.graph, CircularBuffer)
        self.port = self.plugin.port
        self.sent = []
        self.graph.connect(self, "CB1")
        self.plugin.start()
        self.put(PreCount=3, PostCount=2)

    def offer(self, frame):
        self.sent.append(frame.unique_id - 1)

    def put(self, **values):
        for name, value in values.items():
            self.port.put(name, value)

    def send(self, *indices, **values):
        attributes = {n: NDAttribute(n, NDAttrType.FLOAT64, v) for n, v in values.items()}
        for index in indices:
            self.graph.send(SOURCE, numbered(index, **attributes))
        assert self.graph.wait_idle(60)

    @property
    def status(self):
        return self.port["StatusMessage"]


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.plugin.stop()


def test_nothing_happens_outside_a_capture(rig):
    assert rig.status == "Idle"
    rig.send(0, 1)
    assert (rig.sent, rig.port["CurrentQty"]) == ([], 0)
    with pytest.raises(PutRefused, match="Capture"):
        rig.put(Trigger=1)


def test_a_trigger_by_hand_sends_what_came_before_and_after(rig):
    rig.put(Capture=1)
    assert rig.status == "Buffer filling"
    rig.send(0, 1)
    assert rig.status == "Buffer filling"
    rig.send(2, 3, 4)
    assert (rig.status, rig.port["CurrentQty"]) == ("Buffer Wrapping", 3)
    ended = []
    rig.put(Trigger=1)
    rig.port.when_done("Trigger", lambda: ended.append("trigger"))
    rig.port.when_done("Capture", lambda: ended.append("capture"))
    assert rig.port["Trigger"] == 1
    assert rig.sent == []
    rig.send(5)
    assert (rig.sent, rig.status, rig.port["PostTriggerQty"]) == ([2, 3, 4, 5], "Flushing", 1)
    assert ended == []
    rig.send(6, 7)
    assert rig.sent == [2, 3, 4, 5, 6]
    assert (rig.status, rig.port["Capture"]) == ("Acquisition Completed", 0)
    assert (rig.port["Trigger"], rig.port["ActualTriggerCount"]) == (0, 1)
    assert ended == ["trigger", "capture"]


def test_flush_on_soft_trigger_does_not_wait_for_a_frame(rig):
    rig.put(FlushOnSoftTrg=1, Capture=1)
    rig.send(0, 1)
    rig.put(Trigger=1)
    assert rig.sent == [0, 1]
    rig.send(2, 3)
    assert rig.sent == [0, 1, 2, 3]


def test_a_condition_on_attributes_triggers(rig):
    rig.put(TriggerA="Beam", TriggerB="Shutter", TriggerCalc="A>10&&B", Capture=1)
    rig.send(0, Beam=5.0, Shutter=1.0)
    assert (rig.port["TriggerAVal"], rig.port["TriggerBVal"]) == (5.0, 1.0)
    assert rig.port["TriggerCalcVal"] == 0
    rig.send(1, Beam=50.0, Shutter=0.0)
    assert rig.sent == []
    rig.send(2, Beam=50.0, Shutter=1.0)
    assert rig.sent == [0, 1, 2]
    assert rig.port["TriggerCalcVal"] == 1


def test_an_attribute_that_is_not_there_is_nan_and_triggers_nothing(rig):
    rig.put(TriggerA="Absent", TriggerCalc="A", Capture=1)
    rig.send(0, 1)
    assert rig.sent == []
    assert math.isnan(rig.port["TriggerAVal"])


def test_a_condition_knows_the_buffer(rig):
    rig.put(TriggerCalc="E=C&&D=2&&F=0", Capture=1)  # as soon as it is full
    rig.send(0, 1, 2)
    assert rig.sent == []
    rig.send(3)
    assert rig.sent == [0, 1, 2, 3]


def test_several_triggers_in_a_capture(rig):
    rig.put(PresetTriggerCount=2, Capture=1)
    for first in (0, 10):
        rig.send(first, first + 1)
        rig.put(Trigger=1)
        rig.send(first + 2, first + 3)
    assert rig.sent == [0, 1, 2, 3, 10, 11, 12, 13]
    assert (rig.port["ActualTriggerCount"], rig.port["Capture"]) == (2, 0)


def test_no_preset_count_goes_on_for_ever(rig):
    rig.put(PresetTriggerCount=0, TriggerCalc="1", Capture=1)
    rig.send(*range(6))
    assert rig.sent == list(range(6))
    assert (rig.port["ActualTriggerCount"], rig.port["Capture"]) == (3, 1)


def test_without_pre_count_frames_before_a_trigger_are_dropped(rig):
    rig.put(PreCount=0, Capture=1)
    assert rig.status == "Dropping frames"
    rig.send(0, 1)
    rig.put(Trigger=1)
    rig.send(2, 3)
    assert rig.sent == [2, 3]


def test_stopping_drops_what_waits_and_lets_putters_go(rig):
    rig.put(Capture=1)
    rig.send(0, 1)
    rig.put(Trigger=1)
    ended = []
    for name in ("Trigger", "Capture"):
        rig.port.when_done(name, lambda name=name: ended.append(name))
    rig.put(Capture=0)
    assert sorted(ended) == ["Capture", "Trigger"]
    assert (rig.status, rig.port["CurrentQty"]) == ("Acquisition Stopped", 0)
    rig.put(Capture=1)
    rig.send(5)
    assert rig.sent == []


def test_pre_count_is_fixed_while_capturing_and_never_negative(rig):
    with pytest.raises(PutRefused):
        rig.put(PreCount=-1)
    assert rig.status == "Invalid pre-count value"
    rig.put(Capture=1)
    with pytest.raises(PutRefused):
        rig.put(PreCount=5)
    assert rig.status == "Stop acquisition to set pre-count"
    assert rig.port["PreCount"] == 3


def test_a_wrong_condition_is_refused_and_the_old_one_stays(rig):
    rig.put(TriggerCalc="1")
    with pytest.raises(PutRefused, match="A>>&"):
        rig.put(TriggerCalc="A>>&")
    assert rig.port["TriggerCalc"] == "1"
    rig.put(Capture=1)
    rig.send(0)
    assert rig.sent == [0]
    rig.put(TriggerCalc="")
    assert rig.port["TriggerCalc"] == "0"


def test_calc_is_that_of_epics():
    assert Calc("A+2*B").value([1.0, 3.0]) == 7.0
    assert Calc("A?5:6").value([0.0]) == 6.0
    assert Calc("U").value([0.0] * 20 + [4.0]) == 4.0
    with pytest.raises(SettingsError):
        Calc("(A")
    longest = "+".join(["A"] * 100)
    assert Calc(longest).value([1.0]) == 100.0
