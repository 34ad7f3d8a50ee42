"""ophyd's classic detectors as users write them, under a RunEngine: camera and six plugins."""

from __future__ import annotations

from collections import Counter

import h5py
import hdf5plugin  # noqa: F401 (registers the filters that plain h5py needs)
import pytest

from chain.detector import ophyd_classes as classes
from chain.detector.interruptions import INTERRUPTIONS, interrupted_ophyd
from chain.iocs import running_ioc
from chain.waiting import wait_for
from conftest import count
from framepath.scenes import frame_index

# isort: split
from bluesky import RunEngine
from bluesky import plans as bp

from framepath.acquire.pvs.destroying import destroy

N_POINTS = count(20, 200)
N_TRIGGERS = count(60, 200)
LONG_S = 60.0
FAMILIES = {"sim": classes.Sim, "eiger": classes.Eiger}
STOCK = {"sim": classes.StockSim, "eiger": classes.StockEiger}


@pytest.fixture(scope="module", params=FAMILIES)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def ioc(kind):
    with running_ioc(kind=kind) as running:
        yield running


@pytest.fixture(scope="module")
def detector(kind, ioc):
    made = classes.connected(FAMILIES[kind], ioc.prefix)
    yield made
    destroy(made)


@pytest.fixture
def stored(detector, tmp_path):
    return classes.storing(detector, tmp_path)


def counted(detector, number):
    documents = []
    RunEngine()(bp.count([detector], num=number), lambda name, doc: documents.append((name, doc)))
    return documents


def file_of(documents) -> str:
    return "/" + next(doc["resource_path"] for name, doc in documents if name == "resource")


def indices_in(path, kind) -> list[int]:
    """Of each frame, as its pixels encode it; the simulation's ramp tells it modulo 256."""
    with h5py.File(path) as file:
        frames = file["/entry/data/data"]
        return [int(f[0, 0]) if kind == "sim" else frame_index(f) for f in frames]


def assert_no_gap(indices, kind, number):
    modulo = 256 if kind == "sim" else 2**32
    assert indices == [(indices[0] + n) % modulo for n in range(number)]


def test_every_point_has_its_frame_and_no_plugin_loses_one(stored, kind):
    seen = {name: getattr(stored, name).array_counter.get() for name in classes.PLUGINS}
    documents = counted(stored, N_POINTS)
    names = Counter(name for name, _ in documents)
    assert (names["event"], names["datum"], names["resource"]) == (N_POINTS, N_POINTS, 1)
    assert_no_gap(indices_in(file_of(documents), kind), kind, N_POINTS)
    for name in classes.PLUGINS:
        plugin = getattr(stored, name)
        wanted = seen[name] + (N_POINTS if name != "hdf1" else 0)  # ophyd restores HDF1's
        wait_for(lambda plugin=plugin, n=wanted: plugin.array_counter.get() == n, name)
        assert plugin.dropped_arrays.get() == 0


def test_staging_leaves_things_as_they_were(stored):
    stored.cam.image_mode.put("Continuous", wait=True)
    counted(stored, 1)
    assert stored.cam.image_mode.get(as_string=True) == "Continuous"


@pytest.mark.parametrize("interruption", INTERRUPTIONS)
def test_an_interrupted_exposure_leaves_a_whole_file_and_an_idle_camera(stored, kind, interruption):
    stored.cam.stage_sigs["acquire_time"] = LONG_S
    documents = interrupted_ophyd(stored, interruption)
    assert documents[-1][0] == "stop"
    wait_for(lambda: stored.cam.acquire.get() == 0, "idle")
    wait_for(lambda: stored.hdf1.capture.get() == 0, "the file is closed")
    # What was cut short never becomes a frame.
    n_frames = 1 if interruption == "resume" else 0
    assert stored.hdf1.num_captured.get() == n_frames
    with h5py.File(stored.hdf1.full_file_name.get()) as file:
        assert len(file["/entry/data/data"]) == 1  # areaDetector's shape for no frame too
    stored.cam.stage_sigs["acquire_time"] = classes.EXPOSURE_S
    assert_no_gap(indices_in(file_of(counted(stored, 3)), kind), kind, 3)


def test_stock_trigger_may_lose_its_status_but_no_frame(kind, ioc, tmp_path, record_property):
    """ophyd's trigger returns an attribute that the edge of a fast frame may have cleared."""
    detector = classes.storing(classes.connected(STOCK[kind], ioc.prefix), tmp_path)
    before = detector.cam.array_counter.get()
    detector.stage()
    n_lost = 0
    for n in range(N_TRIGGERS):
        status = detector.trigger()
        if status is None:
            n_lost += 1
        else:
            status.wait(60)
        wait_for(lambda n=n: detector.hdf1.num_captured.get() == n + 1, "the frame is stored")
    detector.unstage()
    record_property("statuses_lost_by_ophyd", f"{n_lost} of {N_TRIGGERS}")
    assert detector.cam.array_counter.get() - before == N_TRIGGERS
    assert_no_gap(indices_in(detector.hdf1.full_file_name.get(), kind), kind, N_TRIGGERS)
    destroy(detector)


NOT_HELD = {"asyn_io"}
"""Signals on a record type that no library for Python has."""

OLD_SERIES = {"ts_acquiring", "ts_control", "ts_current_point", "ts_num_points", "ts_read"}
NOT_IN_AREADETECTOR = OLD_SERIES | {
    "pool_max_buffers",
    "file_number_sync",
    "file_number_write",
    "high_clip",
    "low_clip",
}
"""Signals of ophyd's unversioned classes that no areaDetector template of today has."""

NOT_OF_EIGER1 = {"trigger_exposure"}
"""Of another version of ADEiger."""


def test_all_signals_connect_but_the_named_ones(detector, kind):
    for part in (detector, *(part for _, part in detector.walk_subdevices(include_lazy=True))):
        part.lazy_wait_for_connection = False
    signals = [walk.item for walk in detector.walk_signals(include_lazy=True)]
    expected = NOT_HELD | NOT_IN_AREADETECTOR | (NOT_OF_EIGER1 if kind == "eiger" else set())

    def missing():
        return {signal.attr_name for signal in signals if not signal.connected}

    # libca asks ever more slowly while channels of earlier tests are searched for in vain.
    wait_for(lambda: len(missing()) <= len(expected), "most signals", 90)
    assert missing() == expected
    assert len(signals) > 500
    with pytest.raises(TimeoutError, match="asyn_io"):
        detector.wait_for_connection(all_signals=True, timeout=0.5)
