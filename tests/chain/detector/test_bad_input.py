"""What no client may do to the IOC: it stays up, its PVs say what happened."""

from __future__ import annotations

import socket
import subprocess
import sys

import h5py
import pytest

from chain.iocs import running_ioc
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
def make_client(client):
    return type(client)


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


WATCHERS = {
    "ca": """
import epicscorelibs.path.pyepics, epics, os, signal, sys
seen = []
name = sys.argv[1] + "image1:ArrayData"
pv = epics.PV(name, callback=lambda **_: seen.append(1), auto_monitor=True)
while not seen:
    epics.poll()
""",
    "pva": """
import os, signal, sys, threading
from p4p.client.thread import Context
seen = threading.Event()
context = Context("pva")
watch = context.monitor(sys.argv[1] + "Pva1:Image", lambda picture: seen.set())
seen.wait()
""",
}
STOPS_READING = """
print("watching", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.parametrize("protocol", WATCHERS)
def test_a_client_that_stops_reading_its_pictures_holds_nobody_up(client, protocol):
    for plugin in ("image1", "Pva1"):
        client.put_all(plugin, EnableCallbacks=1, MinCallbackTime=0)
    client.put_all("cam1", ImageMode=1, NumImages=1, AcquireTime=0, AcquirePeriod=0)
    client.put_all("cam1", WaitForPlugins=0, Acquire=1)
    code = WATCHERS[protocol] + STOPS_READING
    with subprocess.Popen(
        [sys.executable, "-c", code, client.prefix], stdout=subprocess.PIPE, text=True
    ) as deaf:
        try:
            assert deaf.stdout.readline() == "watching\n"
            for plugin in ("image1", "Pva1"):
                client.put_all(plugin, ArrayCounter=0, DroppedArrays=0, ResetMetrics=1)
            # More than the sockets between it and the IOC can hold.
            client.put_all("cam1", DataType="Float64", NumImages=2000, ArrayCounter=0, Acquire=1)
            client.put_all("cam1", NumImages=1, DataType="UInt8", WaitForPlugins=1, Acquire=1)
            assert client.get("cam1:ArrayCounter_RBV") == 2001
            assert client.get("image1:ArrayData").size == 24 * 32
            for plugin in ("image1", "Pva1"):
                names = ("ArrayCounter", "DroppedArrays", "NumReceived")
                shown, dropped, received = (client.get(f"{plugin}:{n}_RBV") for n in names)
                assert shown + dropped == received == 2001
        finally:
            deaf.kill()


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


N_OF_A_FULL_DISK = 30


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few megabytes; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("optional: mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def streamed(client, folder, n_frames):
    """Frames to one file each of 128 KiB; the plugin has seen one of them before."""
    client.put_all("cam1", ImageMode=1, NumImages=1, AcquireTime=0, AcquirePeriod=0)
    client.put_all("cam1", DataType="Float64", WaitForPlugins=1)
    client.put_all("HDF1", EnableCallbacks=1, FilePath=str(folder), FileName="f", QueueSize=100)
    client.put_all("HDF1", FileTemplate="%s%s.h5", FileWriteMode=2, NumCapture=n_frames)
    client.put_all("HDF1", Compression="None", LazyOpen=0, AutoIncrement=0)
    client.put("cam1:Acquire", 1)
    client.put("HDF1:ResetMetrics", 1)
    client.put("HDF1:Capture", 1, wait=False)
    wait_for(lambda: client.get("HDF1:Capture_RBV") == 1, "capturing")
    client.put_all("cam1", NumImages=n_frames, Acquire=1)


def test_a_full_disk_ends_the_file_with_what_it_holds(make_client, small_disk, tmp_path):
    with running_ioc("--size", "256x256") as ioc:
        client = make_client(ioc)
        streamed(client, small_disk, N_OF_A_FULL_DISK)
        wait_for(lambda: client.get("HDF1:Capture_RBV") == 0, "the capture ended")
        assert client.text("HDF1:WriteStatus") == "Write error"
        assert client.text("HDF1:WriteMessage").startswith("Error writing file: the file system")
        stored = client.get("HDF1:NumStored_RBV")
        assert 0 < stored < N_OF_A_FULL_DISK
        assert client.get("HDF1:NumReceived_RBV") == N_OF_A_FULL_DISK
        assert client.get("HDF1:NumRefused_RBV") == 1  # and no file was open for those after it
        with h5py.File(small_disk / "f.h5") as file:
            assert len(file["/entry/data/data"]) == stored
        # The C++ process ends at this point.
        streamed(client, tmp_path, 3)
        wait_for(lambda: client.get("HDF1:Capture_RBV") == 0, "the next file is complete")
        assert client.get("HDF1:NumStored_RBV") == 3
        with h5py.File(tmp_path / "f.h5") as file:
            assert len(file["/entry/data/data"]) == 3
        assert ioc.child.exit_code is None


def test_a_size_changed_in_capture_mode_refuses_the_other_frames(client, tmp_path):
    client.put_all("cam1", ImageMode=1, NumImages=3, AcquireTime=0, AcquirePeriod=0)
    client.put_all("cam1", WaitForPlugins=1, DataType="UInt8", SizeX=32, Acquire=1)
    client.put_all("HDF1", EnableCallbacks=1, FilePath=str(tmp_path), FileName="f", NumCapture=6)
    client.put_all("HDF1", FileTemplate="%s%s.h5", FileWriteMode=1, AutoSave=0, ResetMetrics=1)
    client.put("HDF1:Capture", 1, wait=False)
    wait_for(lambda: client.get("HDF1:Capture_RBV") == 1, "capturing")
    client.put_all("cam1", Acquire=1, SizeX=16)
    client.put("cam1:Acquire", 1)
    client.put_all("cam1", SizeX=32)
    client.put("HDF1:WriteFile", 1)
    assert client.text("HDF1:WriteStatus") == "Write error"
    assert client.text("HDF1:WriteMessage") == "Invalid frame. Ignoring."
    assert (client.get("HDF1:NumStored_RBV"), client.get("HDF1:NumRefused_RBV")) == (3, 3)
    with h5py.File(tmp_path / "f.h5") as file:
        frames = file["/entry/data/data"][:]
    assert frames.shape == (3, 24, 32)
    assert [int(frame[0, 0] - frames[0, 0, 0]) for frame in frames] == [0, 1, 2]


def test_frames_that_memory_cannot_hold_end_the_acquisition_with_a_reason(make_client):
    limited = f"ulimit -v 2800000; exec {sys.executable} -m framepath ioc sim $0 $@"
    with running_ioc("--size", "9000x9000", command=("bash", "-c", limited)) as ioc:
        client = make_client(ioc)
        client.put_all("cam1", ImageMode=0, DataType="Float64")
        client.put("cam1:Acquire", 1)
        assert client.text("cam1:DetectorState_RBV") == "Error"
        assert client.text("cam1:StatusMessage_RBV").startswith("Out of memory: ")
        assert client.get("cam1:ArrayCounter_RBV") == 0
        client.put_all("cam1", AcquireTime=0.5)
        assert client.get("cam1:AcquireTime_RBV") == 0.5
        assert ioc.child.exit_code is None


def test_a_region_beyond_the_frame_becomes_the_nearest_within(client):
    client.put_all("cam1", SizeX=32, SizeY=24, ImageMode=0, WaitForPlugins=1)
    client.put_all("ROI1", EnableCallbacks=1, MinX=5000, SizeX=9000, MinY=-4, SizeY=0)
    client.put_all("ROI1", BinX=0, BinY=99999)
    client.put("cam1:Acquire", 1)
    names = ("MinX", "SizeX", "MinY", "SizeY", "BinX", "BinY", "ArraySizeX", "ArraySizeY")
    assert [client.get(f"ROI1:{n}_RBV") for n in names] == [31, 1, 0, 1, 1, 1, 1, 1]


def test_text_put_to_numbers_changes_nothing(client):
    """As caput puts it: text that the IOC has to convert, and refuses."""
    client.put_all("cam1", NumImages=7, AcquireTime=0.25)
    code = """
import sys
from caproto import ChannelType
from caproto.threading.client import Context
for pv in Context().get_pvs(*sys.argv[1:]):
    pv.wait_for_connection(timeout=30)
    print(pv.write(b"many", data_type=ChannelType.STRING, wait=True, timeout=60).status.name)
"""
    names = [f"{client.prefix}cam1:{name}" for name in ("NumImages", "AcquireTime", "DataType")]
    answers = subprocess.run(
        [sys.executable, "-c", code, *names], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert answers == ["ECA_PUTFAIL"] * len(names)
    assert client.get("cam1:NumImages_RBV") == client.get("cam1:NumImages") == 7
    assert client.get("cam1:AcquireTime_RBV") == 0.25


def test_attributes_of_dead_pvs_are_nan_and_hold_nothing_up(client, tmp_path):
    attributes = "".join(
        f'<Attribute name="Dead{n}" type="EPICS_PV" source="no:such:pv{n}" dbrtype="DBR_NATIVE"/>'
        for n in range(5)
    )
    file_of_attributes = tmp_path / "dead.xml"
    file_of_attributes.write_text(f"<Attributes>{attributes}</Attributes>")
    client.put("cam1:NDAttributesFile", str(file_of_attributes))
    assert client.text("cam1:NDAttributesStatus") == "Attributes file OK"
    client.put_all("cam1", SizeX=32, DataType="UInt8")
    try:
        streamed(client, tmp_path, 3)
        wait_for(lambda: client.get("HDF1:Capture_RBV") == 0, "the file is complete")
        with h5py.File(tmp_path / "f.h5") as file:
            dead = file["/entry/instrument/NDAttributes/Dead4"]
            assert dead.dtype == "f4"
            assert bool((dead[:] != dead[:]).all())
    finally:
        client.put("cam1:NDAttributesFile", "<Attributes></Attributes>")
