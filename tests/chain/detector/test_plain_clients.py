"""Clients without a RunEngine: pyepics with put-callbacks, p4p with and watching Pva1:Image."""

from __future__ import annotations

import pytest
from p4p.client.thread import Context

from chain.waiting import wait_for
from conftest import count

N_POINTS = count(20, 200)
SINGLE, CONTINUOUS = 0, 2
LONG_S = 60.0


@pytest.fixture
def pva(ioc):
    with Context("pva") as context:
        yield context


@pytest.fixture(autouse=True)
def fast(client):
    client.put("cam1:Acquire", 0)
    client.put_all("cam1", ImageMode=SINGLE, AcquireTime=0.001, AcquirePeriod=0.001)
    client.put_all("cam1", WaitForPlugins=1, ArrayCounter=0)
    client.put_all("Pva1", EnableCallbacks=1, MinCallbackTime=0)
    yield
    client.put("cam1:Acquire", 0)
    wait_for(lambda: client.get("cam1:Acquire_RBV") == 0, "idle")


def test_pyepics_gets_a_frame_for_each_put_callback(client):
    client.put_all("image1", EnableCallbacks=1, MinCallbackTime=0)
    firsts = []
    for n in range(N_POINTS):
        client.put("cam1:Acquire", 1)
        assert client.get("cam1:ArrayCounter_RBV") == n + 1
        firsts.append(int(client.get("image1:ArrayData")[0]) % 256)
    assert firsts == [(firsts[0] + n) % 256 for n in range(N_POINTS)]


def test_p4p_sees_every_frame_of_slow_single_ones(client, pva, ioc):
    pictures = {}

    def seen(image):
        pictures[image.raw.uniqueId] = int(image[0, 0])

    client.put("cam1:Acquire", 1)
    first = client.get("Pva1:UniqueId_RBV")
    watch = pva.monitor(f"{ioc.prefix}Pva1:Image", seen)
    wait_for(lambda: first in pictures, "the picture there is")
    points = range(first + 1, first + 1 + N_POINTS)
    for unique_id in points:
        pva.put(f"{ioc.prefix}cam1:Acquire", 1, wait=True)
        wait_for(lambda of=unique_id: of in pictures, "the picture of the point")
    watch.close()
    assert client.get("cam1:ArrayCounter_RBV") == 1 + N_POINTS
    pixels = [pictures[unique_id] for unique_id in points]
    assert pixels == [(pixels[0] + n) % 256 for n in range(N_POINTS)]


def test_p4p_stops_what_another_client_waits_for(client, pva, ioc):
    client.put_all("cam1", ImageMode=CONTINUOUS, AcquireTime=LONG_S)
    acquire = client.pv("cam1:Acquire")
    acquire.put(1, use_complete=True)
    wait_for(lambda: client.get("cam1:Acquire_RBV") == 1, "acquiring")
    assert not acquire.put_complete
    pva.put(f"{ioc.prefix}cam1:Acquire", 0, wait=False)
    wait_for(lambda: acquire.put_complete, "the first client's put returns")
    assert client.get("cam1:NumImagesCounter_RBV") == 0
