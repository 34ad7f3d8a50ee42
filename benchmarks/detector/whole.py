"""The process as a whole: what starting costs, and how much memory full queues take."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.detector.servers import SIM, Ioc, running
from benchmarks.harness import Row, row

STARTS = 3
N_FRAMES = 400
QUEUED = ("HDF1", "Stats1", "image1", "Pva1")


def start() -> Iterator[Row]:
    """CPU seconds of ``framepath ioc sim`` until it says that it is ready."""
    seconds = []
    for _ in range(STARTS):
        with running(SIM) as ioc:
            seconds.append(ioc.cpu_s())
    value = statistics.median(seconds)
    yield row("detector/start-cpu", value, "<= 3", "", STARTS, "s", "start to ready")


def _fill_queues(ioc: Ioc) -> None:
    """A camera that is faster than Stats1 with everything on, whose queue overflows."""
    ioc.put("cam1", DataType="UInt16", ImageMode=1, NumImages=N_FRAMES)
    ioc.put("cam1", AcquireTime=0, AcquirePeriod=0, WaitForPlugins=1, ArrayCallbacks=1)
    for plugin in QUEUED:
        ioc.put(plugin, EnableCallbacks=1)
    ioc.put("Stats1", ComputeStatistics=1, ComputeCentroid=1, ComputeHistogram=1)
    ioc.put("Stats1", ComputeProfiles=1)
    ioc.put("cam1", Acquire=1)


def memory() -> Iterator[Row]:
    """The most that the process ever held."""
    with running(SIM) as ioc:
        _fill_queues(ioc)
        deepest, size = ioc.get("Stats1:QueueHighWater_RBV"), ioc.get("Stats1:QueueSize_RBV")
        assert deepest == size, f"the queue of Stats1 never was full ({deepest} of {size})"
        peak_mb = ioc.peak_mb()
    note = f"VmHWM, 514x1030 uint16, Stats1's queue of {size:.0f} full"
    yield row("detector/memory", peak_mb, "<= 350", "", 1, "MB", note)
