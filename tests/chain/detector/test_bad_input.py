"""What no client may do to the IOC: it stays up, its PVs say what happened."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from chain.waiting import wait_for

N_CLIENTS = 50
CLIENTS = """
import sys
from caproto.threading.client import Context
seen = []
contexts = [Context() for _ in range(int(sys.argv[2]))]  # each has a connection of its own
for context in contexts:
    (pv,) = context.get_pvs(sys.argv[1])
    pv.wait_for_connection(timeout=30)
    subscription = pv.subscribe()
    subscription.add_callback(lambda subscription, response: seen.append(response.data[0]))
    seen.append((context, pv, subscription))
print("watching", flush=True)
wanted = int(sys.stdin.readline())
print(sum(pv.read().data[0] == wanted for _, pv, _ in [s for s in seen if isinstance(s, tuple)]))
"""


@pytest.fixture
def crowd(client):
    """Fifty connections, each with a monitor."""
    pv = f"{client.prefix}cam1:ArrayCounter_RBV"
    with subprocess.Popen(
        [sys.executable, "-c", CLIENTS, pv, str(N_CLIENTS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "watching\n"
        yield process


def test_fifty_clients_are_served(client, crowd):
    client.put_all("cam1", ImageMode=1, NumImages=20, AcquireTime=0.001, ArrayCounter=0)
    client.put("cam1:Acquire", 1)
    out, _ = crowd.communicate("20\n", timeout=60)
    assert out == f"{N_CLIENTS}\n"


def test_a_client_that_never_reads_holds_nobody_up(client, ioc):
    client.put_all("image1", EnableCallbacks=1, MinCallbackTime=0)
    host, port = ioc.ready.ca.split(":")
    with socket.socket() as deaf:
        deaf.connect((host, int(port)))
        deaf.sendall(b"\x00" * 16)  # a CA version message without a body
        client.put_all("cam1", ImageMode=1, NumImages=200, AcquireTime=0, AcquirePeriod=0)
        client.put("cam1:Acquire", 1)
        assert client.get("cam1:NumImagesCounter_RBV") == 200


def test_noise_on_the_port_is_survived(client, ioc):
    host, port = ioc.ready.ca.split(":")
    for _ in range(5):
        with socket.socket() as noisy:
            noisy.connect((host, int(port)))
            noisy.sendall(bytes(range(256)) * 64)
    assert client.get("cam1:MaxSizeX_RBV") == 32
    assert ioc.child.exit_code is None


def test_a_queue_that_overflows_is_counted(client, tmp_path):
    client.put_all("cam1", ImageMode=1, NumImages=300, AcquireTime=0, AcquirePeriod=0)
    client.put_all("HDF1", EnableCallbacks=1, FilePath=str(tmp_path), FileName="f", QueueSize=1)
    client.put_all("HDF1", FileTemplate="%s%s.h5", FileWriteMode=2, NumCapture=0, DroppedArrays=0)
    client.put_all("HDF1", Compression="zlib", ZLevel=9, ResetMetrics=1)
    client.put("cam1:Acquire", 1)
    wait_for(lambda: client.get("HDF1:QueueFree") == 1, "the queue is empty")
    client.put_all("HDF1", DroppedArrays=0, ResetMetrics=1)
    client.put("HDF1:Capture", 1, wait=False)
    wait_for(lambda: client.get("HDF1:Capture_RBV") == 1, "capturing")
    client.put("cam1:WaitForPlugins", 1)
    client.put("cam1:Acquire", 1)
    client.put("HDF1:Capture", 0)
    counts = {n: client.get(f"HDF1:{n}_RBV") for n in ("NumReceived", "NumStored", "DroppedArrays")}
    assert counts["NumReceived"] == 300
    assert counts["NumStored"] + counts["DroppedArrays"] == 300
    client.put_all("HDF1", QueueSize=20, Compression="None")


def test_a_folder_that_cannot_be_written_is_said(client, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    client.put_all("HDF1", EnableCallbacks=1, FilePath=str(blocked / "sub"), CreateDirectory=-5)
    assert client.get("HDF1:FilePathExists_RBV") == 0
    client.put("cam1:Acquire", 1)
    client.put("HDF1:Capture", 1)
    assert client.get("HDF1:Capture_RBV") == 0
    assert client.text("HDF1:WriteStatus") == "Write error"
    assert client.text("HDF1:WriteMessage").startswith("Error opening file")
