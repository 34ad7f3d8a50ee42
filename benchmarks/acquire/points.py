"""``bp.count`` with ledger and document writer, against stock ophyd with no writer at all."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bluesky import RunEngine
from bluesky import plans as bp
from ophyd import ADComponent, DetectorBase, SimDetectorCam, SingleTrigger
from ophyd.areadetector.filestore_mixins import FileStoreHDF5IterativeWrite
from ophyd.areadetector.plugins import HDF5Plugin_V34
from tiled.client import from_uri

from benchmarks.catalog_servers import our_server
from benchmarks.detector.servers import SIM, running
from benchmarks.harness import Row, row
from benchmarks.writing.pairs import load
from framepath.acquire import DocumentWriter, area_detector, configure_routing, with_ledger

N_POINTS = 200
PAIRS = 5


class StockFile(HDF5Plugin_V34, FileStoreHDF5IterativeWrite):
    """ophyd's HDF5 plugin as users combine it."""

    def get_frames_per_point(self) -> int:
        """One frame a point."""
        return 1


def stock_detector(prefix: str, folder: Path) -> Any:
    """Camera and HDF5 file of ophyd, its trigger kept from the race it has with short exposures."""

    class Stock(SingleTrigger, DetectorBase):
        cam = ADComponent(SimDetectorCam, "cam1:")
        hdf1 = ADComponent(StockFile, "HDF1:", write_path_template=f"{folder}/")

        def trigger(self):  # type: ignore[no-untyped-def]  # ophyd has no types
            status = self._status_type(self)
            self._status = status
            self.generate_datum_of_frame()
            self._acquisition_signal.put(1, wait=False)
            return status

        def generate_datum_of_frame(self) -> None:
            self.generate_datum(self._image_name, time.time(), {})

    stock = Stock(prefix, name="stock")
    stock.wait_for_connection(timeout=30)
    stock.read_attrs = ["hdf1"]
    stock.hdf1.read_attrs = []
    stock.cam.stage_sigs["num_images"] = 1
    stock.hdf1.warmup()
    return stock


def _seconds(engine: RunEngine, detector: object) -> float:
    began = time.perf_counter()
    engine(bp.count([detector], num=N_POINTS))
    return time.perf_counter() - began


def _paired(ours: Callable[[], float], theirs: Callable[[], float]) -> tuple[float, float]:
    """Median of the ratios of rates, and our median rate, points/s."""
    ours(), theirs()
    ratios, rates = [], []
    for turn in range(PAIRS):
        order = (theirs, ours) if turn % 2 else (ours, theirs)
        seconds = {run: run() for run in order}
        ratios.append(seconds[theirs] / seconds[ours])
        rates.append(N_POINTS / seconds[ours])
    return statistics.median(ratios), statistics.median(rates)


def count() -> Iterator[Row]:
    """Points a second with everything on, over those of stock ophyd."""
    before = load()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(SIM) as ioc,
        our_server(Path(folder), Path(folder)) as (served, _),
    ):
        where = Path(folder)
        ioc.put("cam1", AcquireTime=0.001, AcquirePeriod=0.001, WaitForPlugins=1, ArrayCallbacks=1)
        ioc.put("HDF1", EnableCallbacks=1)
        (where / "stock").mkdir()
        stock = stock_detector(ioc.prefix, where / "stock")
        mine = area_detector(ioc.prefix, name="mine", files=where / "mine")
        configure_routing(mine)
        catalog = from_uri(served.uri_with_key)
        writer = DocumentWriter(catalog, folder=where / "journals")
        bare, full = RunEngine(), RunEngine()
        full.subscribe(writer)
        full.preprocessors.append(with_ledger)
        ratio, rate = _paired(lambda: _seconds(full, mine), lambda: _seconds(bare, stock))
        writer.close()
        catalog.context.close()
    note = f"{rate:.0f} points/s with ledger and document writer, 1 ms exposures, load {before:.2f}"
    yield row(
        "acquire/count-vs-stock-ophyd",
        ratio,
        ">= 0.8",
        "stock ophyd SingleTrigger and HDF5 file, no document writer",
        PAIRS,
        note=note,
    )
