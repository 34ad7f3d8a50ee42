"""framepath's parts in a session that somebody else has set up."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import bluesky.plans as bp
import numpy as np
import pytest
from bluesky import RunEngine
from bluesky.utils import RunEngineInterrupted
from ophyd import ADComponent
from ophyd.areadetector.filestore_mixins import (
    FileStoreTIFFIterativeWrite,
)
from ophyd.areadetector.plugins import ImagePlugin_V34, TIFFPlugin_V34

from chain.detector.ophyd_classes import OneFrameAPoint, small_detector
from chain.iocs import running_ioc
from framepath.acquire import DocumentWriter, with_ledger, with_stock_checks
from framepath.acquire.stock.checks import stock_ledger


class StockTiff(TIFFPlugin_V34, FileStoreTIFFIterativeWrite):
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

    return small_detector(
        stock_ioc.prefix,
        "stock",
        {"hdf1": ADComponent(OneFrameAPoint, "HDF1:", write_path_template=f"{folder}/")},
        image=ADComponent(ImagePlugin_V34, "image1:"),
    )


@pytest.fixture
def two_files(stock_ioc, files_folder):
    """A detector that stores each frame as HDF5 and as TIFF."""
    folders = {kind: files_folder / "two" / kind for kind in ("h5", "tif")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)

    hdf, tif = (f"{folder}/" for folder in folders.values())
    files = {
        "hdf1": ADComponent(OneFrameAPoint, "HDF1:", write_path_template=hdf),
        "tiff1": ADComponent(StockTiff, "TIFF1:", write_path_template=tif),
    }
    return small_detector(stock_ioc.prefix, "two", files)


@pytest.fixture(scope="module")
def beamline_container(catalog):
    """A container of somebody else's, below the root of the server."""
    return catalog.create_container("beamline").create_container("runs")


@pytest.mark.parametrize("path", ["beamline/runs", "/beamline/runs"])
@pytest.mark.usefixtures("beamline_container")
def test_a_container_by_its_path(catalog, path):
    assert list(catalog[path].path_parts) == ["beamline", "runs"]
    assert list(catalog["beamline"]["runs"].path_parts) == ["beamline", "runs"]
    with pytest.raises(KeyError, match="No match for partial_uid nowhere"):
        catalog["nowhere"]


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


@pytest.mark.parametrize("times", [1, 3])
def test_a_pause_during_a_stock_exposure_is_no_loss(RE, documents, stock, times):
    """The RunEngine triggers again on resuming; areaDetector ignores that while it acquires."""
    stock.cam.stage_sigs.update({"acquire_time": 0.4, "acquire_period": 0.4})
    RE.preprocessors.append(with_stock_checks)
    left = [times]

    def pause_while_exposing(msg):
        if msg.command == "wait" and left[0]:
            left[0] -= 1
            threading.Thread(target=RE.request_pause, daemon=True).start()

    RE.msg_hook = pause_while_exposing
    try:
        with pytest.raises(RunEngineInterrupted):
            RE(bp.count([stock], num=2))
        while RE.state == "paused":
            with contextlib.suppress(RunEngineInterrupted):
                RE.resume()
    finally:
        RE.msg_hook = None
        stock.cam.stage_sigs.update({"acquire_time": 0.005, "acquire_period": 0.005})
    triggered, received, stored = documents.ledger()["image"]
    assert triggered == received == stored
    assert documents.of("stop")[0]["exit_status"] == "success"


def test_two_file_plugins_of_which_one_is_counted(RE, documents, two_files):
    RE(with_stock_checks(bp.count([two_files], num=2)))
    assert documents.ledger() == {"image": (2, 2, 2)}
    (entry,) = stock_ledger(two_files, "fail").ledger
    assert "/h5/" in entry.file
    assert len(list((Path(entry.file).parents[1] / "tif").glob("*.tif*"))) == 2
