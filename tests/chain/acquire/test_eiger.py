"""An Eiger in plans: one master file a run, its frames in the documents, read back by links."""

from __future__ import annotations

import bluesky.plans as bp
import bluesky.preprocessors as bpp
import h5py
import numpy as np
import pytest

from chain.iocs import running_ioc
from chain.waiting import wait_for
from framepath.acquire import DARK, area_detector, frame_series, take
from framepath.errors import StagingError
from framepath.files import open_frames
from framepath.scenes import frame_index


@pytest.fixture(scope="module")
def eiger_ioc():
    with running_ioc(kind="eiger") as ioc:
        yield ioc


@pytest.fixture
def eiger2(eiger_ioc, files_folder):
    det = area_detector(eiger_ioc.prefix, name="eiger2", kind="eiger", files=files_folder / "eiger")
    det.cam.acquire_time.put(0.002)
    det.cam.acquire_period.put(0.002)
    det.cam.fw_num_images_per_file.put(4)
    return det


def test_a_count_leaves_a_master_with_links_to_its_data_files(RE, documents, eiger2):
    before = eiger2.cam.num_triggers.get(), eiger2.cam.manual_trigger.get()
    RE(bp.count([eiger2], num=10))
    assert documents.n_frames("primary") == 10
    (resource,) = documents.of("stream_resource")
    assert resource["data_key"] == "eiger2_image"
    master = resource["uri"].removeprefix("file://localhost")
    with h5py.File(master) as file:
        names = list(file[resource["parameters"]["dataset"]])
        assert names == ["data_000001", "data_000002", "data_000003"]
    key = documents.streams["primary"]["data_keys"]["eiger2_image"]
    with open_frames(master, resource["parameters"]["dataset"]) as frames:
        assert frames.shape == (10, *key["shape"]) == (10, 514, 1030)
        assert frames.dtype.str == key["dtype_numpy"]
        numbers = [frame_index(frame) for frame in frames]
    assert np.all(np.diff(numbers) == 1)
    (entry,) = eiger2.ledger
    assert (entry.triggered, entry.received, entry.stored) == (10, 10, 10)
    assert (eiger2.cam.num_triggers.get(), eiger2.cam.manual_trigger.get()) == before


def test_bit_depth_follows_the_exposure(RE, documents, eiger2):
    found = []
    for exposure_s in (0.002, 0.05):
        eiger2.cam.acquire_time.put(exposure_s)
        eiger2.cam.acquire_period.put(exposure_s)
        RE(frame_series(eiger2, images=2))
        with open_frames(eiger2.ledger[0].file) as frames:
            found.append(frames.dtype.str)
    told = [d["data_keys"]["eiger2_image"]["dtype_numpy"] for d in documents.of("descriptor")[::2]]
    assert found == told
    assert len(set(found)) == 2


def test_frame_types_are_refused_where_they_cannot_be_told_apart(RE, eiger2):
    with pytest.raises(StagingError, match="does not tell frame types apart"):
        RE(frame_series(eiger2, [(DARK, 1)]))


def test_a_detector_disarmed_by_somebody_else(RE, documents, eiger2):
    @bpp.stage_decorator([eiger2])
    @bpp.run_decorator()
    def plan():
        yield from take(eiger2, "image", 2)
        eiger2.cam.acquire.put(0)
        wait_for(lambda: not eiger2.cam.armed.get(), "the detector is disarmed")
        yield from take(eiger2, "image", 2)

    with pytest.raises(StagingError, match="disarmed"):
        RE(plan())
    (entry,) = eiger2.ledger
    assert entry.stored == 2
    assert documents.of("stop")[0]["exit_status"] == "fail"
