"""What holds on every areaDetector IOC: ``pytest --ioc-prefix PREFIX`` runs it on one that is up.

Without the option it runs on our own, and the option itself is tested on our own too. No test here
assumes a size of frames, their pixels, or PVs that only framepath's IOC has.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
import h5py
import pytest
from bluesky.utils import RunEngineInterrupted

from chain.iocs import running_ioc
from conftest import REPOSITORY
from framepath.acquire import (
    area_detector,
    configure_routing,
    frame_series,
    preflight,
    with_ledger,
)
from framepath.acquire.readiness.preflight import Report
from framepath.errors import IocUnreachable, StagingError, WriteFailed
from framepath.files import open_frames

EXPOSURE_S = 0.01

pytestmark = pytest.mark.any_ioc


@dataclass(frozen=True)
class IocUnderTest:
    """An IOC, and the folder it may write as it and this machine call it."""

    prefix: str
    kind: str
    files: dict[str, str]


@pytest.fixture(scope="module")
def ioc(request, files_folder):
    """The IOC that the options name; our own without them."""
    prefix, kind = request.config.getoption("--ioc-prefix"), request.config.getoption("--ioc-kind")
    folder = request.config.getoption("--ioc-folder") or str(files_folder / "any")
    on_ioc, _, here = folder.partition("=")
    files = {"ioc": on_ioc, "here": here or on_ioc}
    if prefix:
        yield IocUnderTest(prefix, kind, files)
    else:
        with running_ioc() as ours:
            yield IocUnderTest(ours.prefix, "sim", files)


@pytest.fixture(scope="module")
def camera(ioc):
    """A detector on it with short exposures; the exposure that it had comes back at the end."""
    made = area_detector(ioc.prefix, name="camera", kind=ioc.kind, files=ioc.files)
    made.wait_for_connection()
    settings = (made.cam.acquire_time, made.cam.acquire_period)
    before = [signal.get() for signal in settings]
    for signal in settings:
        signal.put(EXPOSURE_S, wait=True)
    yield made
    for signal, value in zip(settings, before, strict=True):
        signal.put(value, wait=True)


@pytest.fixture
def routed(camera, ioc):
    """The same, telling frame types apart; XML and state strings come back at the end."""
    if ioc.kind == "eiger":
        pytest.skip("optional: an Eiger's own file writer does not tell frame types apart")
    cam, hdf1 = camera.cam, camera.hdf1
    states = [getattr(cam, f"frame_type{rbv}_state_{n}") for n in range(4) for rbv in ("", "_rbv")]
    signals = [hdf1.xml_file_name, cam.nd_attributes_file, cam.frame_type, *states]
    before = [signal.get() for signal in signals]
    configure_routing(camera)
    yield camera
    for signal, value in zip(signals, before, strict=True):
        signal.put(value)


def settings_of(det) -> dict[str, object]:
    """PVs that staging puts."""
    found = {}
    for setting in (*det.file_logic.settings(datetime.now()), *det.trigger_logic.settings()):
        part, name = setting.signal.split(".")
        signal = getattr(getattr(det, part), name)
        if not setting.optional:
            found[setting.signal] = signal.get()
    return found


def balanced(documents, **n_frames: int) -> bool:
    return documents.ledger() == {name: (n, n, n) for name, n in n_frames.items()}


def test_it_is_ready(camera):
    report = preflight([camera])
    assert isinstance(report, Report)
    assert report.is_ready, report


def test_a_count_is_stored_described_and_leaves_no_setting(RE, documents, camera):
    before = settings_of(camera)
    RE(with_ledger(bp.count([camera], num=3)))
    assert documents.n_frames("primary") == 3
    assert balanced(documents, image=3)
    (resource,) = documents.of("stream_resource")
    path = resource["uri"].removeprefix("file://localhost")
    key = documents.streams["primary"]["data_keys"]["camera_image"]
    with open_frames(path, resource["parameters"]["dataset"]) as frames:
        assert frames.shape == (3, *key["shape"])
        assert frames.dtype.str == key["dtype_numpy"]
    assert settings_of(camera) == before


def test_several_frames_a_point(RE, documents, camera):
    camera.frames_per_point = 4
    try:
        RE(bp.count([camera], num=2))
    finally:
        camera.frames_per_point = 1
    assert documents.n_frames("primary") == 2
    assert documents.streams["primary"]["data_keys"]["camera_image"]["shape"][0] == 4
    assert camera.ledger[0].stored == 8


def test_a_series_goes_where_its_frame_types_belong(RE, documents, routed):
    RE(frame_series(routed, [("dark", 1), ("flat", 1), ("image", 2), ("dark", 1)]))
    assert balanced(documents, dark=2, flat=1, image=2)
    (path,) = {d["uri"].removeprefix("file://localhost") for d in documents.of("stream_resource")}
    with h5py.File(path) as file:
        stored = {name: file[f"/entry/data/{name}"].shape[0] for name in ("data", "dark", "flat")}
    assert stored == {"data": 2, "dark": 2, "flat": 1}


def test_an_abort_leaves_a_readable_file_and_the_settings(RE, documents, camera):
    before = settings_of(camera)

    @bpp.stage_decorator([camera])
    @bpp.run_decorator()
    def plan():
        yield from bps.trigger_and_read([camera])
        yield from bps.pause()

    with pytest.raises(RunEngineInterrupted):
        RE(plan())
    RE.abort("on purpose")
    (entry,) = camera.ledger
    assert (entry.triggered, entry.received, entry.stored) == (1, 1, 1)
    with open_frames(entry.file) as frames:
        assert len(frames) == 1
    assert documents.of("stop")[0]["exit_status"] == "abort"
    assert settings_of(camera) == before


def test_a_folder_that_the_ioc_cannot_make(RE, ioc):
    lost = area_detector(ioc.prefix, name="lost", kind=ioc.kind, files="/proc/no/such/folder")
    with pytest.raises((StagingError, WriteFailed), match="/proc/no/such/folder"):
        RE(bp.count([lost]))


def test_a_wrong_prefix(RE, ioc):
    absent = area_detector("NO:SUCH:", name="absent", kind=ioc.kind, files=ioc.files)
    with pytest.raises(IocUnreachable, match="NO:SUCH:cam1:"):
        RE(bp.count([absent]))


def test_the_option_runs_these_tests_on_an_ioc_that_is_up(request, tmp_path):
    if request.config.getoption("--ioc-prefix"):
        pytest.skip("optional: this is that run")
    with running_ioc(kind="eiger") as ours:
        command = ["-m", "pytest", "-q", __file__, "--ioc-prefix", ours.prefix]
        options = ["--ioc-kind", "eiger", "--ioc-folder", f"{tmp_path}={tmp_path}"]
        done = subprocess.run(
            [sys.executable, *command, *options],
            cwd=REPOSITORY,
            env={**os.environ, "FRAMEPATH_CI": "0"},
            capture_output=True,
            text=True,
            timeout=150,
        )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "6 passed, 2 skipped" in done.stdout
    assert list(tmp_path.iterdir())
