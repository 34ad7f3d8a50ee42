"""Points of a plan: ``bp.count`` with single frames, against a RunEngine without hardware."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bluesky import RunEngine
from bluesky import plans as bp
from ophyd import ADComponent, ImagePlugin, SimDetectorCam, SingleTrigger
from ophyd.areadetector import DetectorBase
from ophyd.sim import det as no_hardware

from benchmarks.detector.servers import SIM, running
from benchmarks.harness import Row, row
from benchmarks.writing.pairs import load
from framepath.acquire.pvs.destroying import destroy

N_POINTS = 200


class Detector(SingleTrigger, DetectorBase):
    """Camera and image of ophyd, as users write it."""

    cam = ADComponent(SimDetectorCam, "cam1:")
    image = ADComponent(ImagePlugin, "image1:")

    def trigger(self):  # type: ignore[no-untyped-def]  # ophyd has no types
        """As ophyd's, with the status kept before the put, which may be over at once."""
        status = self._status_type(self)
        self._status = status
        self._acquisition_signal.put(1, wait=False)
        return status


def _points_per_s(device: object) -> float:
    names: list[str] = []
    engine = RunEngine()
    began = time.perf_counter()
    engine(bp.count([device], num=N_POINTS), lambda name, _: names.append(name))
    wall_s = time.perf_counter() - began
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    assert names.count("event") == N_POINTS
    return N_POINTS / wall_s


def count() -> Iterator[Row]:
    """Points a second as a report; CPU of the IOC for each."""
    before = load()
    bare = _points_per_s(no_hardware)
    with running(SIM) as ioc:
        detector = Detector(ioc.prefix, name="benchmark_detector")
        detector.wait_for_connection(timeout=30)
        detector.cam.stage_sigs.update(image_mode="Single", acquire_time=0.001, num_images=1)
        detector.cam.stage_sigs["acquire_period"] = 0.001
        detector.read_attrs = []
        _points_per_s(detector)
        cpu, mine = ioc.cpu_s(), time.process_time()
        rate = _points_per_s(detector)
        ioc_ms = 1e3 * (ioc.cpu_s() - cpu) / N_POINTS
        client_ms = 1e3 * (time.process_time() - mine) / N_POINTS
        destroy(detector)
    note = (
        f"{rate:.0f} points/s against {bare:.0f}, cam1 and image1, exposure 1 ms, load {before:.2f}"
    )
    yield row(
        *("detector/count-points-vs-runengine", rate / bare, "", "the RunEngine, no hardware", 1),
        note=note,
    )
    yield row("detector/count-ioc-cpu-per-point", ioc_ms, "<= 3", "", N_POINTS, "ms", note)
    yield row("detector/count-client-cpu-per-point", client_ms, "", "", N_POINTS, "ms", note)
