"""caget and caput as people type them, and clients that wait, stop and watch."""

from __future__ import annotations

import threading
import time

import pytest

from chain.iocs import run_client
from chain.waiting import wait_for

SINGLE, MULTIPLE, CONTINUOUS = range(3)


@pytest.fixture(autouse=True)
def idle(client):
    client.put("cam1:Acquire", 0)
    wait_for(lambda: client.get("cam1:Acquire_RBV") == 0, "idle")
    client.put_all("cam1", ImageMode=SINGLE, AcquireTime=0.001, AcquirePeriod=0.001)


def test_caget_and_caput(client):
    epics, prefix = client.epics, client.prefix
    assert epics.caput(f"{prefix}cam1:AcquireTime", 0.25, wait=True) == 1
    assert epics.caget(f"{prefix}cam1:AcquireTime_RBV") == 0.25
    assert epics.caput(f"{prefix}cam1:ImageMode", "Multiple", wait=True) == 1
    assert epics.caget(f"{prefix}cam1:ImageMode_RBV", as_string=True) == "Multiple"
    assert epics.caget(f"{prefix}HDF1:PluginType_RBV").startswith("NDFileHDF5")
    assert epics.caget(f"{prefix}cam1:AcquireTime.PREC") == 3
    epics.caput(f"{prefix}HDF1:FileName", "a" * 200, wait=True)
    assert epics.caget(f"{prefix}HDF1:FileName_RBV", as_string=True) == "a" * 200


def test_a_put_of_acquire_completes_when_the_frames_are_taken(client):
    client.put_all("cam1", ImageMode=MULTIPLE, NumImages=3, AcquireTime=0.05, ArrayCounter=0)
    began = time.monotonic()
    client.put("cam1:Acquire", 1)
    assert time.monotonic() - began >= 0.15
    assert client.get("cam1:Acquire") == 0
    assert client.get("cam1:NumImagesCounter_RBV") == 3
    assert client.get("cam1:ArrayCounter_RBV") == 3
    assert client.text("cam1:DetectorState_RBV") == "Idle"
    wait_for(lambda: client.get("cam1:Acquire_RBV") == 0, "Acquire_RBV falls")


def test_another_client_stops_an_acquisition_that_somebody_waits_for(client):
    client.put_all("cam1", ImageMode=CONTINUOUS, AcquireTime=100.0)
    waiting = threading.Event()
    acquire = client.pv("cam1:Acquire")
    acquire.put(1, wait=False, callback=lambda **_: waiting.set())
    wait_for(lambda: client.get("cam1:Acquire_RBV") == 1, "acquiring")
    assert not waiting.is_set()
    run_client(f"import epics; assert epics.caput('{client.prefix}cam1:Acquire', 0)")
    assert waiting.wait(30)
    wait_for(lambda: client.get("cam1:Acquire_RBV") == 0, "stopped")


def test_a_start_while_acquiring_does_nothing_and_returns_at_once(client):
    client.put_all("cam1", ImageMode=CONTINUOUS, AcquireTime=100.0)
    acquire = client.pv("cam1:Acquire")
    acquire.put(1, use_complete=True)
    wait_for(lambda: client.get("cam1:Acquire_RBV") == 1, "acquiring")
    run_client(
        "import epics; assert epics.caput("
        f"'{client.prefix}cam1:Acquire', 1, wait=True, timeout=30) == 1"
    )
    assert client.get("cam1:Acquire_RBV") == 1
    assert not acquire.put_complete
    client.put("cam1:Acquire", 0, wait=False)
    wait_for(lambda: acquire.put_complete, "the first put returns")


def test_nothing_remains_of_an_exposure_that_was_stopped(client):
    client.put_all("cam1", ImageMode=CONTINUOUS, AcquireTime=100.0)
    client.put("cam1:Acquire", 1, wait=False)
    wait_for(lambda: client.get("cam1:TimeRemaining_RBV") > 50, "exposing")
    client.put("cam1:Acquire", 0, wait=False)
    wait_for(lambda: client.get("cam1:Acquire_RBV") == 0, "stopped")
    assert client.get("cam1:TimeRemaining_RBV") == 0


def test_every_edge_of_a_fast_series_is_seen(client):
    edges = []
    client.epics.PV(
        f"{client.prefix}cam1:Acquire_RBV", callback=lambda value, **_: edges.append(value)
    )
    wait_for(lambda: edges == [0], "the first value")
    for _ in range(50):
        client.put("cam1:Acquire", 1)
    wait_for(lambda: len(edges) == 101, "all edges")
    assert edges == [0] + [1, 0] * 50


def test_state_strings_can_be_written_on_both_records(client):
    for record in ("FrameType", "FrameType_RBV"):
        for field, text in (("ZRST", "/exchange/data"), ("ONST", "x" * 25)):
            client.put(f"cam1:{record}.{field}", text)
            assert client.text(f"cam1:{record}.{field}") == text
    # The 26th character does not fit and is cut, as on the real record.
    client.put("cam1:FrameType.TWST", "y" * 26)
    assert client.text("cam1:FrameType.TWST") == "y" * 25
    client.put("cam1:FrameType", "/exchange/data")
    assert client.get("cam1:FrameType_RBV") == 0


def test_an_impossible_region_is_shown_as_it_takes_effect(client):
    client.put_all("cam1", SizeX=100, MinX=-3, BinX=0)
    shown = [client.get(f"cam1:{name}_RBV") for name in ("SizeX", "MinX", "BinX")]
    assert shown == [32, 0, 1]


def test_a_refused_put_leaves_an_alarm_and_the_readback(client):
    client.put("HDF1:FileTemplate", "%s%s_%3.3d.h5")
    client.put("HDF1:FileTemplate", "%n%s")
    assert client.text("HDF1:FileTemplate.SEVR") == "INVALID"
    assert client.text("HDF1:FileTemplate_RBV") == "%s%s_%3.3d.h5"
    client.put("HDF1:FileTemplate", "%s%s.h5")
    assert client.text("HDF1:FileTemplate.SEVR") == "NO_ALARM"


def test_image1_shows_the_last_frame(client):
    client.put_all("image1", EnableCallbacks=1, MinCallbackTime=0)
    client.put_all("cam1", SizeX=32, SizeY=24, DataType=3, WaitForPlugins=1)
    client.put("cam1:Acquire", 1)
    assert client.get("image1:ArraySize0_RBV") == 32
    assert client.get("image1:ArraySize1_RBV") == 24
    pixels = client.get("image1:ArrayData")
    assert pixels.size == 32 * 24
    assert pixels[1] - pixels[0] == 1
    assert client.get("image1:UniqueId_RBV") == client.get("cam1:UniqueId_RBV")


def test_a_change_of_queue_size_reaches_the_database(client):
    client.put("HDF1:QueueSize", 40)
    shown = [client.get(f"HDF1:{n}") for n in ("QueueFree", "QueueUse", "QueueUseHIGH")]
    assert shown == [40, 0, 30]
    assert client.get("HDF1:QueueUse.HIHI") == 40
