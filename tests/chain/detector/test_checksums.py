"""The checksum that the driver takes finds a pixel that the writer changed."""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from chain.iocs import running_ioc
from chain.waiting import wait_for
from framepath.spec.frame import checksum

CORRUPTING = (sys.executable, str(Path(__file__).with_name("corrupting_ioc.py")))
ATTRIBUTES = """<Attributes><Attribute name="FrameChecksum" type="PARAM" source="FRAME_CHECKSUM"
 datatype="INT64" description="CRC-32 of the frame"/></Attributes>"""
N_FRAMES = 7


def stored_sums(make_client, ioc, folder):
    """Checksums of the stored frames, and those the driver took."""
    client = make_client(ioc)
    client.put("cam1:NDAttributesFile", ATTRIBUTES)
    client.put_all("cam1", ImageMode=0, AcquireTime=0.001, DataType=3, WaitForPlugins=1)
    client.put_all("HDF1", EnableCallbacks=1, FilePath=str(folder), FileName="f")
    client.put_all("HDF1", FileTemplate="%s%s.h5", FileWriteMode=2, NumCapture=N_FRAMES)
    client.put("cam1:Acquire", 1)
    client.put("HDF1:Capture", 1, wait=False)
    client.put_all("cam1", ImageMode=1, NumImages=N_FRAMES)
    client.put("cam1:Acquire", 1)
    wait_for(lambda: client.get("HDF1:Capture_RBV") == 0, "the capture ends")
    with h5py.File(client.text("HDF1:FullFileName_RBV")) as file:
        frames = file["/entry/data/data"][()]
        taken = file["/entry/instrument/NDAttributes/FrameChecksum"][()]
    return np.array([checksum(frame) for frame in frames]), taken


def test_what_is_stored_is_what_was_taken(client, make_client, tmp_path):
    stored, taken = stored_sums(make_client, client.ioc, tmp_path)
    assert taken.dtype == np.int64
    assert len(set(taken)) == N_FRAMES
    np.testing.assert_array_equal(stored, taken)


def test_a_changed_pixel_shows(make_client, tmp_path):
    with running_ioc(command=CORRUPTING) as ioc:
        stored, taken = stored_sums(make_client, ioc, tmp_path)
    wrong = np.flatnonzero(stored != taken)
    assert wrong.tolist() == [1, 4]


@pytest.fixture
def make_client(client):
    return type(client)
