"""The IOC as a process: ready line, ports, clean stop, and what it says when it cannot start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import h5py
import numpy as np
import pytest

from chain.iocs import running_ioc
from chain.waiting import wait_for

SIM = (sys.executable, "-m", "framepath", "ioc", "sim")


@pytest.fixture
def make_client(client):
    return type(client)


def stream(client, folder):
    """Begin an endless stream of continuous frames into a file; return its name."""
    client.put_all("cam1", ImageMode=0, AcquireTime=0.0, AcquirePeriod=0.002)
    client.put_all("HDF1", EnableCallbacks=1, FilePath=str(folder), FileName="f")
    client.put_all("HDF1", FileTemplate="%s%s.h5", FileWriteMode=2, NumCapture=0)
    client.put("cam1:Acquire", 1)
    wait_for(lambda: client.get("HDF1:ArrayCounter_RBV") > 0, "the first frame")
    client.put("HDF1:Capture", 1, wait=False)
    client.put("cam1:ImageMode", 2)
    client.put("cam1:Acquire", 1, wait=False)
    wait_for(lambda: client.get("HDF1:NumCaptured_RBV") > 20, "frames in the file")
    return client.text("HDF1:FullFileName_RBV")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_completes_the_open_file(make_client, tmp_path, number):
    with running_ioc("--size", "24x32") as ioc:
        path = stream(make_client(ioc), tmp_path)
        ioc.child.signal(number)
        assert ioc.child.wait(60) == 0
    with h5py.File(path) as file:
        frames = file["/entry/data/data"]
        firsts = frames[:, 0, 0]
        ids = file["/entry/instrument/NDAttributes/NDArrayUniqueId"][()]
        assert frames.shape[0] == len(ids) > 20
    assert (np.diff(ids) == 1).all()
    assert (np.diff(firsts) == 1).all()  # uint8 wraps


def test_several_iocs_run_side_by_side(make_client):
    with running_ioc("--size", "8x16") as one, running_ioc("--size", "10x12") as two:
        clients = [make_client(one), make_client(two)]
        assert [c.get("cam1:MaxSizeX_RBV") for c in clients] == [16, 12]
        clients[0].put("cam1:AcquireTime", 0.5)
        assert clients[1].get("cam1:AcquireTime_RBV") == 0.001


def test_only_loopback_is_listened_on(ioc):
    for place in (ioc.ready.ca, ioc.ready.pva):
        host, port = place.split(":")
        assert host == "127.0.0.1"
        with socket.socket() as other, pytest.raises(OSError, match="refused"):
            other.connect(("127.0.0.2", int(port)))


@pytest.mark.parametrize("option", ["--ca-port", "--pva-port"])
def test_an_occupied_port_is_one_clear_line(option):
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = occupant.getsockname()[1]
        done = subprocess.run(
            [*SIM, option, str(port)], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("framepath: the ")
    assert f"expected {port}" in last
    assert "Next: " in last


SETTINGS_THAT_CANNOT_BE = [
    ("sim", "--host", "no.such.host.invalid", "cannot listen there; found no.such.host"),
    ("sim", "--save", "{folder}/absent/ioc.json", "settings cannot be saved there"),
    ("sim", "--access", "{folder}/wrong.acf", "EPICS does not understand the access"),
    ("sim", "--prefix", "X" * 50 + ":", "a PV name is too long; found " + "X" * 50),
    ("sim", "--prefix", "two words:", "no PV can be named so; found 'two words:'"),
    ("motion", "--prefix", "", "no PV can be named so; found ''"),
    ("sim", "--ca-port", "22", "EPICS takes no CA port as low as this; found 22"),
    ("sim", "--size", "wide", "not a sensor size; found 'wide'; expected ROWSxCOLUMNS"),
    ("sim", "--size", "99999x99999", "not a sensor size; found '99999x99999'"),
    ("eiger", "--spool", "{folder}/wrong.acf/spool", "the folder for the detector's own files"),
]
"""Kind of IOC, option, its value, and how the last line on stderr begins."""


@pytest.mark.parametrize(("kind", "option", "value", "beginning"), SETTINGS_THAT_CANNOT_BE)
def test_what_an_ioc_cannot_start_with_is_one_clear_line(kind, option, value, beginning, tmp_path):
    (tmp_path / "wrong.acf").write_text("ASG(DEFAULT) { RULE(1, READ)")
    done = subprocess.run(
        [*SIM[:-1], kind, option, value.format(folder=tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "ready" not in done.stdout
    assert done.stderr.strip().splitlines()[-1].startswith(f"framepath: {beginning}")
    assert "Traceback" not in done.stderr


def test_a_port_that_cannot_be_is_a_usage_error():
    done = subprocess.run(
        [*SIM, "--ca-port", "99999"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "65535" in done.stderr


@pytest.mark.parametrize("rate", ["0", "-3"])
def test_a_rate_that_cannot_be_is_a_usage_error(rate):
    replay = [*SIM[:-1], "replay", "--source", "any.h5", "--rate", rate]
    done = subprocess.run(replay, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "is not in the range x>0" in done.stderr
