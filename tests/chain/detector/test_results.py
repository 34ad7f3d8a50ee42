"""A plugin's results belong to the frame that was just taken, not to the one before."""

from __future__ import annotations

import itertools

import pytest

N_POINTS = 30


@pytest.mark.parametrize(
    ("waits", "blocks"), [(1, 0), (0, 1)], ids=["WaitForPlugins", "BlockingCallbacks"]
)
def test_statistics_are_those_of_the_last_frame(client, waits, blocks):
    client.put_all("cam1", ImageMode=0, AcquireTime=0.001, AcquirePeriod=0.001, Gain=1)
    client.put_all("cam1", WaitForPlugins=waits, SizeX=32, SizeY=24, DataType="UInt16")
    client.put_all("Stats1", EnableCallbacks=1, BlockingCallbacks=blocks, ComputeStatistics=1)
    client.put_all("Stats1", ArrayCounter=0)
    totals = []
    for n_done in range(1, N_POINTS + 1):
        client.put("cam1:Acquire", 1)
        assert client.get("Stats1:ArrayCounter_RBV") == n_done
        assert client.get("Stats1:UniqueId_RBV") == client.get("cam1:ArrayCounter_RBV")
        totals.append(client.get("Stats1:Total_RBV"))
    steps = {later - earlier for earlier, later in itertools.pairwise(totals)}
    assert steps == {24 * 32}, "the ramp's pixels grow by one a frame"
