"""framepath's own devices, where ophyd's trigger would lose a status (see test_ophyd)."""

from __future__ import annotations

from collections import Counter

import pytest
from bluesky import RunEngine
from bluesky import plans as bp

from chain.iocs import running_ioc
from conftest import count
from framepath.files.open_frames import open_frames
from framepath.scenes import frame_index

# isort: split
from framepath.acquire import area_detector

N_POINTS = count(20, 200)
EXPOSURE_S = 0.0005


@pytest.mark.parametrize("kind", ["sim", "eiger"])
def test_every_point_has_a_status_an_event_and_a_frame(kind, tmp_path):
    with running_ioc(kind=kind) as ioc:
        detector = area_detector(ioc.prefix, name="det", kind=kind, files=tmp_path)
        detector.wait_for_connection(timeout=60)
        for signal in (detector.cam.acquire_time, detector.cam.acquire_period):
            signal.put(EXPOSURE_S, wait=True)
        names = []
        RunEngine({})(bp.count([detector], num=N_POINTS), lambda name, _: names.append(name))
        detector.destroy()
    assert Counter(names)["event"] >= N_POINTS
    (path,) = tmp_path.rglob("*_master.h5" if kind == "eiger" else "*.h5")
    with open_frames(path) as frames:
        indices = [frame_index(f) if kind == "eiger" else int(f[0, 0]) for f in frames]
    modulo = 256 if kind == "sim" else 2**32
    assert indices == [(indices[0] + n) % modulo for n in range(N_POINTS)]
