"""Frames sent on sorted or as they come, worked on by one thread or several, from addresses."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest

from framepath.detector.graph import Graph
from framepath.detector.plugins.base import Plugin
from unit.detector.rigs import SOURCE, make_plugin, numbered, wait_for

LONG_S = 60.0


class Passing:
    """A processor that sends every frame on."""

    is_concurrent = False

    def __init__(self, plugin: Plugin) -> None:
        self.n_inside = 0

    def process(self, frame):
        return frame

    def lost(self, frame, reason):
        raise AssertionError(f"lost frame {frame.unique_id}: {reason}")

    def close(self):
        pass


class Meeting(Passing):
    """Frames wait for each other: only threads that work side by side get them through."""

    def __init__(self, plugin: Plugin, is_concurrent: bool, n_together: int) -> None:
        self.is_concurrent = is_concurrent
        self.barrier = threading.Barrier(n_together, timeout=60)

    def process(self, frame):
        self.barrier.wait()
        return frame


class Behind:
    """The plugins behind: ids in their order."""

    def __init__(self, graph, source):
        self.ids: list[int] = []
        graph.connect(self, source)

    def offer(self, frame):
        self.ids.append(frame.unique_id)


@pytest.fixture
def graph():
    return Graph(["STATS1"])


@pytest.fixture
def sorting(graph):
    plugin = make_plugin("ROI1", graph, Passing, BlockingCallbacks=1)
    plugin.port.put("SortTime", LONG_S)
    yield plugin, Behind(graph, "ROI1")
    plugin.stop()


def send(graph, *ids):
    for unique_id in ids:
        graph.send(SOURCE, numbered(unique_id - 1))


def test_unsorted_frames_leave_as_they_come_and_disorder_is_counted(graph, sorting):
    plugin, behind = sorting
    send(graph, 1, 3, 2, 4)
    assert behind.ids == [1, 3, 2, 4]
    assert plugin.port["DisorderedArrays"] == 3


def test_sorted_frames_wait_for_those_before_them(graph, sorting):
    plugin, behind = sorting
    plugin.port.put("SortMode", 1)
    send(graph, 1, 4, 3)
    assert behind.ids == [1]
    assert plugin.port["SortFree"] == 18
    assert graph.n_queued == 2
    send(graph, 2)
    assert behind.ids == [1, 2, 3, 4]
    assert (plugin.port["SortFree"], plugin.port["DisorderedArrays"]) == (20, 0)
    assert graph.n_queued == 0


def test_a_frame_that_comes_too_late_is_not_kept_longer(graph, sorting):
    plugin, behind = sorting
    plugin.port.put("SortMode", 1)
    send(graph, 2, 1, 3)
    assert behind.ids == [2, 1, 3]
    assert plugin.port["DisorderedArrays"] == 1


def test_a_frame_that_never_comes_is_waited_for_no_longer_than_sort_time(graph, sorting):
    plugin, behind = sorting
    plugin.port.put("SortMode", 1)
    plugin.port.put("SortTime", 0.01)
    send(graph, 1, 3, 4)
    wait_for(lambda: behind.ids == [1, 3, 4], "the frames behind the gap")
    assert plugin.port["DisorderedArrays"] == 1


def test_no_more_frames_wait_than_sort_size(graph, sorting):
    plugin, behind = sorting
    plugin.port.put("SortMode", 1)
    plugin.port.put("SortSize", 2)
    send(graph, 1, 5, 4, 3, 2)
    assert plugin.port["DroppedOutputArrays"] == 2
    assert behind.ids == [1]
    plugin.port.put("SortMode", 0)
    assert behind.ids == [1, 4, 5]


def test_what_waits_is_sent_at_the_end(graph):
    plugin = make_plugin("ROI1", graph, Passing, BlockingCallbacks=1, SortMode=1, SortTime=LONG_S)
    behind = Behind(graph, "ROI1")
    plugin.start()
    send(graph, 1, 3)
    plugin.stop()
    assert behind.ids == [1, 3]


def test_threads_work_side_by_side_where_frames_do_not_depend_on_each_other(graph):
    plugin = make_plugin("ROI1", graph, partial(Meeting, is_concurrent=True, n_together=3))
    plugin.start()
    plugin.port.put("NumThreads", 3)
    send(graph, 1, 2, 3)
    assert graph.wait_idle(60)
    plugin.port.put("NumThreads", 1)
    wait_for(lambda: len(plugin._threads) == 1, "two threads have ended")
    assert plugin.port["ArrayCounter"] == 3
    plugin.stop()


@pytest.mark.parametrize(("asked", "got"), [(0, 1), (5, 5), (99, 8)])
def test_threads_are_at_most_max_threads(graph, asked, got):
    plugin = make_plugin("ROI1", graph, Passing)
    plugin.port.put("NumThreads", asked)
    assert plugin.port["NumThreads"] == got


def test_frames_that_depend_on_each_other_have_one_thread(graph):
    plugin = make_plugin("Stats1", graph, Passing, NumThreads=8)
    plugin.start()
    assert len(plugin._threads) == 1
    plugin.stop()


@pytest.mark.parametrize(
    ("source", "address", "seen"),
    [("STATS1", 0, [1]), ("STATS1", 1, [2]), ("STATS1", 7, []), (SOURCE, 7, [3])],
)
def test_an_address_chooses_among_the_arrays_of_a_port(graph, source, address, seen):
    plugin = make_plugin("ROI1", graph, Passing, BlockingCallbacks=1)
    behind = Behind(graph, "ROI1")
    plugin.port.put("NDArrayPort", source)
    plugin.port.put("NDArrayAddress", address)
    graph.send("STATS1", numbered(0), 0)
    graph.send("STATS1", numbered(1), 1)
    graph.send(SOURCE, numbered(2))
    assert behind.ids == seen


def test_polled_pool_statistics_are_of_the_arrays_kept(graph):
    plugin = make_plugin("ROI1", graph, Passing, QueueSize=5)
    pixels = (512, 1024)
    for index in range(3):
        graph.send(SOURCE, numbered(index, shape=pixels, dtype=np.uint16))
    plugin.port.put("PoolPollStats", 1)
    assert plugin.port["PoolAllocBuffers"] == 3
    assert plugin.port["PoolUsedMem"] == pytest.approx(3.0)
    assert plugin.port["PoolFreeBuffers"] == 0
    plugin.start()
    assert graph.wait_idle(60)
    plugin.port.put("PoolPollStats", 0)
    assert plugin.port["PoolAllocBuffers"] == 1
    plugin.stop()
