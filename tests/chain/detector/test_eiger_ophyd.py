"""Clients as users write them drive the Eiger IOC: ophyd's own classes, and our device."""

from __future__ import annotations

import h5py
import hdf5plugin  # noqa: F401 (registers the filters that plain h5py needs)
import numpy as np
import pytest

from chain.detector.ophyd_classes import KeepsStatus
from chain.iocs import running_ioc
from framepath.acquire.pvs.destroying import destroy
from framepath.files.open_frames import open_frames
from framepath.scenes import frame_index

pytest.importorskip("ophyd", reason="optional: framepath[acquire] is not installed")

EVERYWHERE = {"file_number_sync", "file_number_write", "asyn_io", "pool_max_buffers"}
"""Asked for by ophyd, in no areaDetector template of today (or an asyn record)."""

NOT_IN_TEMPLATES = {"trigger_exposure"}
"""Of another version of ADEiger."""

ONLY_EIGER1 = {"fw_clear", "link_0", "link_1", "link_2", "link_3", "dcu_buff_free"}


@pytest.mark.parametrize(
    ("model", "exceptions"),
    [
        ("eiger1-500k", EVERYWHERE | NOT_IN_TEMPLATES),
        ("eiger2-4m", EVERYWHERE | NOT_IN_TEMPLATES | ONLY_EIGER1),
    ],
)
def test_every_signal_of_the_camera_connects(model, exceptions):
    from ophyd.areadetector.cam import EigerDetectorCam

    with running_ioc("--model", model, kind="eiger") as ioc:
        cam = EigerDetectorCam(f"{ioc.prefix}cam1:", name="cam")
        missing = set()
        for walk in cam.walk_components():
            if walk.item.is_device or not walk.item.lazy:
                continue
            try:
                _signal(cam, walk.dotted_name)
            except TimeoutError:
                missing.add(walk.dotted_name)
        assert missing == exceptions
        destroy(cam)


def _signal(device, dotted_name: str):
    """A lazy signal connects when it is reached for."""
    for part in dotted_name.split("."):
        device = getattr(device, part)
    return device


def test_single_trigger_makes_a_series_for_each_point(tmp_path):
    from bluesky import RunEngine
    from bluesky import plans as bp
    from ophyd import Component
    from ophyd.areadetector import EigerDetector
    from ophyd.areadetector.cam import EigerDetectorCam

    class Eiger(KeepsStatus, EigerDetector):
        cam = Component(EigerDetectorCam, "cam1:")

    with running_ioc(kind="eiger") as ioc:
        eiger = Eiger(ioc.prefix, name="eiger2")
        eiger.cam.stage_sigs |= {
            "num_images": 1,
            "acquire_time": 0.005,
            "acquire_period": 0.005,
            "save_files": 1,
            "file_path": f"{tmp_path}/",
            "data_source": "None",
        }
        RunEngine({})(bp.count([eiger], num=3))
        destroy(eiger)
    masters = sorted(tmp_path.glob("*_master.h5"))
    assert len(masters) == 3
    indices = []
    for master in masters:
        with h5py.File(master) as file:
            (frame,) = file["/entry/data/data_000001"]
        indices.append(frame_index(frame))
    assert indices == list(range(indices[0], indices[0] + 3))


def test_ten_points_make_one_master_of_three_data_files(tmp_path):
    from bluesky import RunEngine
    from bluesky import plans as bp

    from framepath.acquire.devices.creators import area_detector

    with running_ioc(kind="eiger") as ioc:
        eiger = area_detector(ioc.prefix, name="eiger2", kind="eiger", files=tmp_path)
        eiger.wait_for_connection(timeout=60)
        for signal, value in (
            (eiger.cam.acquire_time, 0.005),
            (eiger.cam.acquire_period, 0.005),
            (eiger.cam.fw_num_images_per_file, 4),
        ):
            signal.put(value, wait=True)
        RunEngine({})(bp.count([eiger], num=10))
        eiger.destroy()
    (master,) = tmp_path.rglob("*_master.h5")
    assert len(list(tmp_path.rglob("*_data_*.h5"))) == 3
    with open_frames(master) as frames:
        assert frames.shape == (10, 514, 1030)
        assert frames.dtype == np.uint16
        indices = [frame_index(frame) for frame in frames]
    assert indices == list(range(indices[0], indices[0] + 10))
