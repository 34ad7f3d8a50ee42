"""Frames a second through the plugins, and what writing them costs beside the writer."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
from p4p.client.thread import Context

from benchmarks.detector.servers import PREPARED, Ioc, epics, running
from benchmarks.harness import Row, measure, row
from benchmarks.writing import stacks
from benchmarks.writing.pairs import load, scratch
from framepath.layout.model import Mode
from framepath.writing import Compression, RoutedWriter, WriterSettings

N_PASSED = 6000
N_COMPUTED = 1000
PASSING_RUNS = 3
N_WRITTEN = 600
PAIRS = 11
STREAM, BSLZ4 = 2, 5
PLUGINS = ("HDF1", "Stats1", "image1", "Pva1")
SHOWN_EVERY_S = 0.05


def _ready_for(ioc: Ioc, n_frames: int) -> None:
    ioc.put("cam1", ImageMode=1, NumImages=n_frames, AcquireTime=0, AcquirePeriod=0)
    ioc.put("cam1", WaitForPlugins=1, ArrayCallbacks=1)


def _passed(ioc: Ioc) -> float:
    """Wall seconds until every plugin has had every frame."""
    for plugin in PLUGINS:
        ioc.put(plugin, ArrayCounter=0, DroppedArrays=0)
    began = time.perf_counter()
    ioc.put("cam1", Acquire=1)
    return time.perf_counter() - began


def without_writer() -> Iterator[Row]:
    """HDF1 enabled but not capturing, Stats1 computing nothing, image1 and Pva1 watched."""
    before = load()
    with running(PREPARED) as ioc, Context("pva") as pva:
        _ready_for(ioc, N_PASSED)
        ioc.put("image1", MinCallbackTime=SHOWN_EVERY_S)
        ioc.put("Stats1", ComputeStatistics=0)
        for plugin in PLUGINS:
            ioc.put(plugin, EnableCallbacks=1, QueueSize=N_PASSED)
        pictures: list[object] = []
        watched = epics.PV(f"{ioc.prefix}image1:ArrayData", auto_monitor=True)
        watched.wait_for_connection()
        with_pva = pva.monitor(f"{ioc.prefix}Pva1:Image", pictures.append)
        walls, cpu = [], ioc.cpu_s()
        for _ in range(PASSING_RUNS):
            walls.append(_passed(ioc))
            for plugin in ("HDF1", "Stats1", "Pva1"):
                ioc.until(f"{plugin}:ArrayCounter_RBV", N_PASSED)
                ioc.until(f"{plugin}:DroppedArrays_RBV", 0)
        cpu_us = 1e6 * (ioc.cpu_s() - cpu) / (PASSING_RUNS * N_PASSED)
        assert pictures, "no picture came by PV Access"
        deepest = max(ioc.get(f"{plugin}:QueueHighWater_RBV") for plugin in PLUGINS)
        with_pva.close()
        watched.disconnect()
    rate = N_PASSED / statistics.median(walls)
    note = (
        "514x1030 uint16, HDF1 Stats1 Pva1 had every frame, image1 20 a second; "
        f"{cpu_us:.0f} us CPU a frame, free-running, "
        f"queues of {N_PASSED} filled up to {deepest:.0f}, load {before:.2f}"
    )
    yield row(
        *("detector/pipeline-frames-per-s", rate, ">= 2000", "", PASSING_RUNS),
        *("frames/s", note),
    )


def with_statistics() -> Iterator[Row]:
    """Stats1 alone, computing statistics of every frame."""
    with running(PREPARED) as ioc:
        _ready_for(ioc, N_COMPUTED)
        ioc.put("Stats1", EnableCallbacks=1, ComputeStatistics=1, BlockingCallbacks=1)
        walls, cpu = [], ioc.cpu_s()
        for _ in range(PASSING_RUNS):
            began = time.perf_counter()
            ioc.put("cam1", Acquire=1)
            walls.append(time.perf_counter() - began)
        cpu_us = 1e6 * (ioc.cpu_s() - cpu) / (PASSING_RUNS * N_COMPUTED)
    note = (
        f"514x1030 uint16, Stats1 blocking, min max mean sigma total; {cpu_us:.0f} us CPU a frame"
    )
    rate = N_COMPUTED / statistics.median(walls)
    yield row("detector/stats-frames-per-s", rate, "", "", PASSING_RUNS, "frames/s", note)


def _written_by_ioc(ioc: Ioc, folder: Path) -> float:
    """CPU seconds of the IOC for one file."""
    ioc.put("HDF1", FilePath=f"{folder}/", FileName="ioc", FileTemplate="%s%s.h5")
    ioc.put("HDF1", FileWriteMode=STREAM, NumCapture=N_WRITTEN, Compression=BSLZ4)
    began = ioc.cpu_s()
    ioc.begin("HDF1:Capture")
    ioc.until("HDF1:Capture_RBV", 1)
    ioc.put("cam1", Acquire=1)
    ioc.until("HDF1:Capture_RBV", 0)
    return ioc.cpu_s() - began


def _written_alone(path: Path, frames: list[stacks.Frame]) -> None:
    settings = WriterSettings(
        mode=Mode.COMPAT, num_capture=len(frames), compression=Compression.BSLZ4, overwrite=True
    )
    with RoutedWriter(path, "", settings) as writer:
        for frame in frames:
            writer.write(frame)


def _verify(path: Path, frames: list[stacks.Frame]) -> None:
    with h5py.File(path) as file:
        stored = file["/entry/data/data"]
        assert stored.shape == (N_WRITTEN, *stacks.SHAPE_YX)
        for index in (0, N_WRITTEN // 2, N_WRITTEN - 1):
            assert (stored[index] == frames[index].data).all()


def writing() -> Iterator[Row]:
    """CPU of the IOC for a file of photon-like frames, against the writer alone."""
    frames = stacks.series(stacks.photon_like("u2"), N_WRITTEN)
    ratios = []
    with scratch() as folder, running(PREPARED) as ioc:
        ioc.put("HDF1", EnableCallbacks=1, QueueSize=N_WRITTEN)
        _ready_for(ioc, 1)
        ioc.put("cam1", Acquire=1)  # the plugin learns the frames' size
        ioc.put("cam1", NumImages=N_WRITTEN)
        for turn in range(PAIRS + 1):
            of_ioc = _written_by_ioc(ioc, folder)
            _verify(folder / "ioc.h5", frames)
            alone = measure(lambda: _written_alone(folder / "alone.h5", frames)).cpu_s
            if turn:
                ratios.append(of_ioc / alone)
            for name in ("ioc.h5", "alone.h5"):
                (folder / name).unlink()
    yield row(
        *("detector/writing-bslz4-vs-writer", statistics.median(ratios), "<= 1.2"),
        *("the writer alone, as a compat file", PAIRS),
        note="CPU of the whole IOC process, 514x1030 uint16 photons to memory",
    )
