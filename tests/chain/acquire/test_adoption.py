"""framepath's parts in a session that somebody else has set up."""

from __future__ import annotations

import bluesky.plans as bp
import numpy as np
import pytest
from bluesky import RunEngine
from ophyd import ADComponent, DetectorBase, EpicsSignal, SingleTrigger
from ophyd.areadetector import SimDetectorCam
from ophyd.areadetector.filestore_mixins import FileStoreHDF5IterativeWrite
from ophyd.areadetector.plugins import HDF5Plugin_V34, ImagePlugin_V34

from chain.iocs import running_ioc
from framepath.acquire import DocumentWriter, with_ledger


class StockFile(HDF5Plugin_V34, FileStoreHDF5IterativeWrite):
    def get_frames_per_point(self):
        return 1


@pytest.fixture(scope="module")
def stock_ioc():
    with running_ioc() as ioc:
        yield ioc


@pytest.fixture
def stock(stock_ioc, files_folder):
    """A detector class as users write it, with ophyd's stock parts."""
    folder = files_folder / "stock"
    folder.mkdir(exist_ok=True)

    class Stock(SingleTrigger, DetectorBase):
        cam = ADComponent(SimDetectorCam, "cam1:")
        image = ADComponent(ImagePlugin_V34, "image1:")
        hdf1 = ADComponent(StockFile, "HDF1:", write_path_template=f"{folder}/")

    det = Stock(stock_ioc.prefix, name="stock")
    det.wait_for_connection()
    det.read_attrs = ["hdf1"]
    det.hdf1.read_attrs = []
    det.cam.stage_sigs.update({"acquire_time": 0.005, "num_images": 1})
    det.hdf1.enable.put("Enable")
    det.cam.array_callbacks.put(1)
    EpicsSignal(f"{stock_ioc.prefix}cam1:WaitForPlugins", name="waits").put(1)
    det.hdf1.warmup()
    return det


@pytest.fixture
def beamline_container(catalog):
    """A container of somebody else's, below the root of the server."""
    return catalog.create_container("beamline").create_container("runs")


def test_in_a_container_below_the_root_with_both_kinds_of_detectors(
    stock, det, beamline_container, tmp_path
):
    engine = RunEngine({"beamline_id": "elsewhere"})
    writer = DocumentWriter(beamline_container, folder=tmp_path / "journals")
    engine.subscribe(writer)
    engine.preprocessors.append(with_ledger)
    (uid,) = engine(bp.count([stock, det], num=3))
    writer.close()
    run = beamline_container[uid]
    assert set(run) == {"primary", "ledger"}
    ours, theirs = run["primary"][f"{det.name}_image"], run["primary"]["stock_image"]
    assert ours.shape == (3, 514, 1030)
    assert theirs.shape[0] == 3
    assert theirs.shape[-2:] == (514, 1030)
    assert np.asarray(theirs[2]).any()
    ledger = run["ledger"].read()
    assert list(ledger["detector"].values) == [det.name]
    assert run.metadata["start"]["beamline_id"] == "elsewhere"
