"""Settings and state strings that survive a restart, and files that are damaged."""

from __future__ import annotations

import json
import math
import signal

import pytest

from chain.iocs import random_prefix, running_ioc
from chain.waiting import wait_for

INT32_MAX = 2**31 - 1
ROUTES = {"ZRST": "/exchange/data", "ONST": "/exchange/data_dark", "TWST": "/exchange/data_white"}


@pytest.fixture
def make_client(client):
    return type(client)


def set_up(client, folder):
    client.put_all("cam1", AcquireTime=0.125, ImageMode="Multiple", SizeX=16, ArrayCounter=5)
    client.put_all("HDF1", EnableCallbacks=1, FilePath=str(folder), FileName="kept", NumCapture=9)
    for record in ("FrameType", "FrameType_RBV"):
        for field, text in ROUTES.items():
            client.put(f"cam1:{record}.{field}", text)


def check_restored(client, folder):
    assert client.get("cam1:AcquireTime") == client.get("cam1:AcquireTime_RBV") == 0.125
    assert client.text("cam1:ImageMode") == client.text("cam1:ImageMode_RBV") == "Multiple"
    assert client.get("cam1:SizeX_RBV") == 16
    assert client.text("HDF1:FileName_RBV") == "kept"
    assert client.text("HDF1:FilePath_RBV") == f"{folder}/"
    assert client.get("HDF1:FilePathExists_RBV") == 1
    for record in ("FrameType", "FrameType_RBV"):
        for field, text in ROUTES.items():
            assert client.text(f"cam1:{record}.{field}") == text
    # Counters and commands begin afresh.
    assert client.get("cam1:ArrayCounter_RBV") == 0
    assert client.get("cam1:Acquire") == 0


def test_a_restart_restores_settings_and_state_strings(make_client, tmp_path):
    options, prefix = ("--size", "24x32", "--save", str(tmp_path / "ioc.json")), random_prefix()
    with running_ioc(*options, prefix=prefix) as ioc:
        set_up(make_client(ioc), tmp_path)
    with running_ioc(*options, prefix=prefix) as ioc:
        check_restored(make_client(ioc), tmp_path)


def test_a_killed_ioc_has_saved_a_moment_before(make_client, tmp_path):
    path = tmp_path / "ioc.json"
    options, prefix = ("--size", "24x32", "--save", str(path)), random_prefix()
    with running_ioc(*options, prefix=prefix) as ioc:
        set_up(make_client(ioc), tmp_path)

        def is_saved():
            try:
                saved = json.loads(path.read_text())
            except FileNotFoundError:  # for a moment too, while one is put in the place of another
                return False
            last = saved["states"].get("cam1:FrameType_RBV", ())
            return saved["values"]["HDF1:NumCapture"] == 9 and ROUTES["TWST"] in last

        wait_for(is_saved, "the settings are saved")
        ioc.child.signal(signal.SIGKILL)
    # Half a file, as a writer without our care would leave it: the one before it is used.
    path.rename(path.with_name("ioc.json.previous"))
    path.write_text('{"values": {"cam1:Acqu')
    with running_ioc(*options, prefix=prefix) as ioc:
        check_restored(make_client(ioc), tmp_path)
        wait_for(lambda: "autosave file is damaged" in ioc.child.tail, "the warning on stderr")


def test_a_file_with_wrong_values_does_not_stop_the_ioc(make_client, tmp_path):
    path = tmp_path / "ioc.json"
    values = {"cam1:AcquireTime": "long", "cam1:NoSuch": 1, "HDF1:FileTemplate": "%n%n"}
    values |= {"cam1:NumImages": None, "cam1:SizeX": 2**40, "cam1:AcquirePeriod": math.nan}
    # What a client could put, and a start could not build or hold.
    values |= {
        "CB1:TriggerCalc": "text",
        "CB1:TriggerA": "$(P)",
        "Stats1:TS:TSNumPoints": INT32_MAX,
    }
    path.write_text(json.dumps({"values": values, "states": {"cam1:FrameType": ["a"]}}))
    with running_ioc("--size", "24x32", "--save", str(path)) as ioc:
        client = make_client(ioc)
        assert client.get("cam1:AcquireTime_RBV") == 0.001
        assert client.text("cam1:FrameType.ZRST") == "Normal"
        assert client.text("CB1:TriggerA_RBV") == "$(P)"
        wait_for(lambda: "saved value is refused" in ioc.child.tail, "the warning on stderr")


RULES = "ASG(DEFAULT) { RULE(1, READ) }\n"


def test_access_security_forbids_puts(make_client, tmp_path):
    rules = tmp_path / "read_only.acf"
    rules.write_text(RULES)
    with running_ioc("--size", "24x32", "--access", str(rules)) as ioc:
        client = make_client(ioc)
        assert client.get("cam1:AcquireTime") == 0.001
        assert not client.pv("cam1:AcquireTime").write_access
