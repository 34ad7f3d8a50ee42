"""Every plugin's queue: order, drops that are counted and named, throttling, chaining."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from framepath.detector.graph import Graph
from framepath.detector.port import PutRefused
from framepath.spec.frame import ColorMode, Frame
from unit.detector.rigs import SOURCE, make_plugin, numbered, wait_for


class Gate:
    """A processor that waits for permission and keeps what it saw."""

    def __init__(self, plugin):
        self.permits = threading.Semaphore(0)
        self.seen: list[int] = []
        self.lost_frames: list[tuple[int, str]] = []
        self.closed = False

    def process(self, frame):
        self.permits.acquire()
        self.seen.append(frame.unique_id)
        return frame

    def lost(self, frame, reason):
        self.lost_frames.append((frame.unique_id, reason))

    def close(self):
        self.closed = True


@pytest.fixture
def graph():
    return Graph()


@pytest.fixture
def gated(graph):
    gates = []

    def make(plugin):
        gates.append(Gate(plugin))
        return gates[-1]

    plugin = make_plugin("image1", graph, make, QueueSize=3)
    plugin.start()
    yield plugin, gates[0]
    gates[0].permits.release(1000)
    plugin.stop()


def test_a_frame_is_counted_when_it_has_been_dealt_with(graph, gated):
    plugin, gate = gated
    for index in range(2):
        graph.send(SOURCE, numbered(index))
    gate.permits.release()
    wait_for(lambda: len(gate.seen) == 1 and plugin.port["QueueFree"] == 3, "the second in work")
    assert (plugin.port["ArrayCounter"], plugin.port["UniqueId"]) == (1, 1)
    gate.permits.release()
    assert graph.wait_idle(60)
    assert (plugin.port["ArrayCounter"], plugin.port["UniqueId"]) == (2, 2)


def test_a_full_queue_drops_the_newest_and_says_which(graph, gated):
    plugin, gate = gated
    graph.send(SOURCE, numbered(0))
    wait_for(lambda: plugin.port["QueueFree"] == 3, "the first frame is in work")
    for index in range(1, 7):
        graph.send(SOURCE, numbered(index))
    assert plugin.port["DroppedArrays"] == 3
    assert [unique_id for unique_id, _ in gate.lost_frames] == [5, 6, 7]
    assert "queue of Image1 was full (3 frames)" in gate.lost_frames[0][1]
    assert plugin.port["QueueFree"] == 0
    assert graph.n_queued == 4
    assert not graph.wait_idle(0.01)
    gate.permits.release(4)
    assert graph.wait_idle(60)
    assert gate.seen == [1, 2, 3, 4]
    assert plugin.port["ArrayCounter"] == 4
    assert plugin.port["QueueFree"] == 3


def test_frames_reach_plugins_behind_when_callbacks_are_on(graph, gated):
    plugin, gate = gated
    behind = make_plugin("HDF1", graph, Gate, NDArrayPort="Image1")
    processor = behind._processor
    processor.permits.release(10)
    behind.start()
    gate.permits.release(10)
    graph.send(SOURCE, numbered(0))
    assert graph.wait_idle(60)
    assert processor.seen == []
    plugin.port.put("ArrayCallbacks", 1)
    graph.send(SOURCE, numbered(1))
    assert graph.wait_idle(60)
    behind.stop()
    assert processor.seen == [2]
    assert processor.closed


def test_blocking_callbacks_use_the_senders_thread_and_lose_nothing(graph, gated):
    plugin, gate = gated
    plugin.port.put("BlockingCallbacks", 1)
    gate.permits.release(50)
    for index in range(50):
        graph.send(SOURCE, numbered(index))
    assert gate.seen == list(range(1, 51))
    assert gate.lost_frames == []


def test_a_disabled_plugin_sees_nothing(graph, gated):
    plugin, gate = gated
    plugin.port.put("EnableCallbacks", 0)
    gate.permits.release(10)
    graph.send(SOURCE, numbered(0))
    assert graph.n_queued == 0
    assert (gate.seen, gate.lost_frames) == ([], [])


def test_min_callback_time_passes_over_frames_without_counting_them_dropped(graph, gated):
    plugin, gate = gated
    plugin.port.put("MinCallbackTime", 60.0)
    gate.permits.release(10)
    for index in range(3):
        graph.send(SOURCE, numbered(index))
    assert graph.wait_idle(60)
    assert gate.seen == [1]
    assert [unique_id for unique_id, _ in gate.lost_frames] == [2, 3]
    assert plugin.port["DroppedArrays"] == 0


def test_another_source_takes_effect_with_the_next_frame(graph, gated):
    plugin, gate = gated
    gate.permits.release(10)
    plugin.port.put("NDArrayPort", "ROI1")
    graph.send(SOURCE, numbered(0))
    graph.send("ROI1", numbered(1))
    assert graph.wait_idle(60)
    assert gate.seen == [2]


def test_a_plugin_that_would_feed_itself_is_refused(graph, gated):
    plugin, gate = gated
    gate.permits.release(10)
    with pytest.raises(PutRefused, match="Image1 -> Image1"):
        plugin.port.put("NDArrayPort", "Image1")
    assert plugin.port["NDArrayPort"] == SOURCE
    graph.send(SOURCE, numbered(0))
    assert graph.wait_idle(60)
    assert gate.seen == [1]


def test_plugins_that_would_feed_each_other_are_refused(graph, gated):
    plugin, _ = gated
    roi = make_plugin("ROI1", graph, Gate, NDArrayPort="Image1")
    stats = make_plugin("Stats1", graph, Gate, NDArrayPort="ROI1")
    with pytest.raises(PutRefused, match="Image1 -> ROI1 -> STATS1 -> Image1"):
        plugin.port.put("NDArrayPort", "STATS1")
    assert plugin.port["NDArrayPort"] == SOURCE
    # The chain can be turned round from its end.
    stats.port.put("NDArrayPort", SOURCE)
    plugin.port.put("NDArrayPort", "STATS1")
    assert plugin.port["NDArrayPort"] == "STATS1"
    assert roi.port["NDArrayPort"] == "Image1"


def test_a_loop_that_was_saved_is_cut_open_at_the_start(graph, caplog):
    roi = make_plugin("ROI1", graph, Gate, NDArrayPort="PROC1")
    proc = make_plugin("Proc1", graph, Gate, NDArrayPort="ROI1")
    assert (roi.port["NDArrayPort"], proc.port["NDArrayPort"]) == ("PROC1", "")
    assert "without source" in caplog.text


def test_process_plugin_takes_the_last_frame_again(graph, gated):
    plugin, gate = gated
    gate.permits.release(10)
    plugin.port.put("ProcessPlugin", 1)
    graph.send(SOURCE, numbered(0))
    assert graph.wait_idle(60)
    plugin.port.put("ProcessPlugin", 1)
    assert graph.wait_idle(60)
    assert gate.seen == [1, 1]


def test_a_task_runs_after_the_frames_that_were_queued(graph, gated):
    plugin, gate = gated
    order = []
    for index in range(2):
        graph.send(SOURCE, numbered(index))
    plugin.run_soon(lambda: order.append(list(gate.seen)))
    gate.permits.release(10)
    assert graph.wait_idle(60)
    wait_for(lambda: bool(order), "the task")
    assert order == [[1, 2]]


def test_max_byte_rate_holds_frames_back_and_counts_them(graph, gated):
    plugin, gate = gated
    behind = []
    graph.connect(Keeper(behind), "Image1")
    gate.permits.release(10)
    plugin.port.put("ArrayCallbacks", 1)
    plugin.port.put("MaxByteRate", 1.0)
    for index in range(3):
        graph.send(SOURCE, numbered(index))
    assert graph.wait_idle(60)
    assert behind == [1]
    assert plugin.port["DroppedOutputArrays"] == 2


class Keeper:
    """A receiver that keeps the ids of its frames."""

    def __init__(self, ids):
        self.ids = ids

    def offer(self, frame):
        self.ids.append(frame.unique_id)


def test_a_plugin_shows_what_kind_of_frame_it_has(graph, gated):
    plugin, gate = gated
    gate.permits.release(10)
    pixels = np.zeros((5, 3, 7), np.float32)
    graph.send(SOURCE, Frame(pixels, unique_id=9, color_mode=ColorMode.RGB2))
    assert graph.wait_idle(60)
    shown = {n: plugin.port[n] for n in ("DataType", "ColorMode", "UniqueId", "NDimensions")}
    assert shown == {"DataType": 8, "ColorMode": 3, "UniqueId": 9, "NDimensions": 3}
    assert [plugin.port[f"ArraySize{a}"] for a in "XYZ"] == [7, 5, 3]
    assert plugin.port["ArraySize"] == plugin.port["CompressedSize"] == pixels.nbytes


class Stumbling(Gate):
    """Fails on one frame as nobody foresaw."""

    def process(self, frame):
        if frame.unique_id == 2:
            raise ZeroDivisionError("nobody foresaw this")
        return super().process(frame)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_plugin_outlives_an_unforeseen_fault_and_names_the_frame(graph):
    plugin = make_plugin("image1", graph, Stumbling)
    processor = plugin._processor
    processor.permits.release(10)
    plugin.start()
    failing = plugin._threads[0]
    for index in range(3):
        graph.send(SOURCE, numbered(index))
    assert graph.wait_idle(60)
    failing.join(30)
    plugin.stop()
    assert processor.seen == [1, 3]
    assert processor.lost_frames == [(2, "processing failed: nobody foresaw this")]
