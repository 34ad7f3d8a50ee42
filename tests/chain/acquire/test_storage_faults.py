"""What keeps frames from the file: a clear error, PVs put back, a closed file, a reason."""

from __future__ import annotations

import subprocess

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
import h5py
import numpy as np
import pytest

from chain.acquire.test_series import values
from framepath.acquire import DARK, FLAT, IMAGE, configure_routing, frame_series, take, with_ledger
from framepath.errors import FramepathError, FramesLost, StagingError, WriteFailed

FRAME_MB = 514 * 1030 * 2 / 1e6


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few frames; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = f"size={round(FRAME_MB * 12)}m"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("optional: mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def det_on(make_det, small_disk):
    made = make_det(files=small_disk)
    configure_routing(made)
    made.cam.acquire_time.put(0.001)
    made.cam.acquire_period.put(0.002)
    made.cam.frame_type.put(0)
    return made


def check_left(det, documents, before, files):
    """What holds however frames were kept from the file; the frames stored, by dataset."""
    assert values(det) == before
    assert det.acquisition is None
    (stop,) = documents.of("stop")
    assert stop["exit_status"] == "fail"
    assert "\n" not in stop["reason"]
    stored = {}
    for path in files:
        with h5py.File(path) as file:  # closed: no lock, no SWMR flag
            for name in ("data", "dark", "flat"):
                frames = file[f"/entry/data/{name}"][:]
                assert all(frame.any() for frame in frames)
                stored[name] = len(frames)
    return stored, stop["reason"]


@pytest.mark.parametrize("plan_of", [
    lambda det: frame_series(det, [(DARK, 2), (FLAT, 1), (IMAGE, 30)]),
    lambda det: with_ledger(bp.count([det], num=30)),
], ids=["series", "count"])  # fmt: skip
def test_a_disk_that_becomes_full(RE, documents, det_on, small_disk, tmp_path, plan_of):
    before = values(det_on)
    with pytest.raises(WriteFailed, match="Error writing file") as raised:
        RE(plan_of(det_on))
    assert str(small_disk) in str(raised.value)
    assert "not full" in str(raised.value)
    stored, reason = check_left(det_on, documents, before, small_disk.glob("*.h5"))
    assert sum(stored.values()) > 5
    assert "Error writing file" in reason
    told = {t: stored for t, (_, _, stored) in documents.ledger().items()}
    names = {"data": "image"}
    assert told == {names.get(name, name): n for name, n in stored.items() if n}
    for stream, name in (("primary", "data"), ("dark", "dark"), ("flat", "flat")):
        if stream in documents.streams:
            assert documents.frames(stream)[-1][1] <= stored[name]

    # With room again the next plan goes well.
    documents.all.clear()
    for path in small_disk.glob("*.h5"):
        path.unlink()
    RE(with_ledger(bp.count([det_on], num=2)))
    assert documents.ledger() == {"image": (2, 2, 2)}


def test_a_file_system_that_may_only_be_read(RE, documents, det_on, small_disk):
    before = values(det_on)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises((WriteFailed, StagingError)) as raised:
        RE(with_ledger(bp.count([det_on])))
    assert str(small_disk) in str(raised.value)
    assert values(det_on) == before
    assert documents.of("event") == []
    assert list(small_disk.glob("*.h5")) == []


@pytest.mark.usefixtures("det")
def test_a_folder_that_exists_and_cannot_be_written(RE, documents, make_det):
    det = make_det(files="/proc")
    before = values(det)
    with pytest.raises(WriteFailed, match="cannot be made") as raised:
        RE(with_ledger(bp.count([det])))
    assert "'/proc/'" in str(raised.value)
    assert values(det) == before
    assert [d["exit_status"] for d in documents.of("stop")] in ([], ["fail"])


def test_a_size_that_somebody_else_changes(RE, documents, det):
    before = values(det)

    @bpp.stage_decorator([det])
    @bpp.run_decorator()
    def plan():
        yield from take(det, IMAGE, 3)
        yield from bps.abs_set(det.cam.size.size_x, 100, wait=True)
        yield from take(det, IMAGE, 3)

    try:
        with pytest.raises(FramepathError) as raised:
            RE(with_ledger(plan()))
    finally:
        det.cam.size.size_x.put(1030)
    assert isinstance(raised.value, (FramesLost, WriteFailed))
    assert "(514, 100)" in str(raised.value)
    (entry,) = det.ledger
    stored, reason = check_left(det, documents, before, [entry.file])
    assert stored["data"] == entry.stored == 3
    assert entry.received >= 4
    assert "3 stored" in reason
    with h5py.File(entry.file) as file:
        ids = file["/entry/instrument/detector/NDAttributes/NDArrayUniqueId"][:]
    assert np.all(np.diff(ids) == 1)


def points(det, between):
    for _ in range(2):
        yield from bps.trigger_and_read([det])
    yield from between
    yield from bps.trigger_and_read([det])


def steps(det, between):
    yield from take(det, IMAGE, 2)
    yield from between
    yield from take(det, IMAGE, 1)


@pytest.mark.parametrize("frames", [points, steps])
def test_a_file_that_somebody_else_closes_ends_the_plan_at_once(RE, documents, det, frames):
    before = values(det)
    closing = bps.abs_set(det.hdf1.capture, 0, wait=True)
    plan = bpp.stage_wrapper(bpp.run_wrapper(frames(det, closing)), [det])
    with pytest.raises(FramesLost, match=r"closed while frames are taken; found Capture_RBV Done"):
        RE(with_ledger(plan))
    (stop,) = documents.of("stop")
    assert stop["exit_status"] == "fail"
    assert "2 stored" in stop["reason"]  # whether the third was taken depends on who was first
    assert documents.n_frames("primary") == 2
    assert values(det) == before
