"""An IOC whose camera shows prepared frames, so that making pixels costs nothing.

python -m benchmarks.detector.prepared_ioc --prefix X: --ca-port N --pva-port N [--handoffs FILE]

With ``--handoffs`` a put of 1 to HDF1:WriteFile writes there how long each frame since the last
such put took from the driver's time stamp to HDF1's thread, in microseconds.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

import click
import numpy as np

from benchmarks.writing import stacks
from framepath.detector.drivers.base import (
    DriverInfo,
    Exposure,
    ExposureSettings,
    FreeRunning,
    Value,
)
from framepath.detector.ioc import PROCESSORS, IocSettings, run
from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.hdf5 import Hdf5Plugin
from framepath.spec.frame import EPICS_EPOCH_S, DataType, Frame


class Prepared(FreeRunning):
    """Shows photon-like frames in turn."""

    def __init__(self) -> None:
        self.info = DriverInfo(
            port="SIM1",
            tables=("sim",),
            manufacturer="Benchmark",
            model="Prepared frames",
            size_yx=stacks.SHAPE_YX,
            data_type=DataType.UINT16,
        )
        self._exposures = [Exposure(pixels) for pixels in stacks.photon_like("u2")]

    def expose(self, settings: ExposureSettings, frame_index: int) -> Exposure:
        """The next prepared frame."""
        return self._exposures[frame_index % len(self._exposures)]


class Timed:
    """HDF1 that notes when it gets each frame (implements `plugins.base.Processor`)."""

    def __init__(self, path: Path, plugin: Plugin) -> None:
        self._path = path
        self._inner = Hdf5Plugin(plugin)
        self._us: list[float] = []
        plugin.port.on_put("WriteFile", self._on_write)

    def _on_write(self, value: Value) -> None:
        np.save(self._path, self._us)
        self._us.clear()

    def process(self, frame: Frame) -> Frame | None:
        """Note the time since the driver's time stamp."""
        self._us.append(1e6 * (time.time() - EPICS_EPOCH_S - frame.timestamp))
        return self._inner.process(frame)

    def lost(self, frame: Frame, reason: str) -> None:
        """As HDF1."""
        self._inner.lost(frame, reason)

    def close(self) -> None:
        """As HDF1."""
        self._inner.close()


@click.command()
@click.option("--prefix", required=True)
@click.option("--ca-port", type=int, required=True)
@click.option("--pva-port", type=int, required=True)
@click.option("--handoffs", type=click.Path(path_type=Path))
def main(prefix: str, ca_port: int, pva_port: int, handoffs: Path | None) -> None:
    """Run the IOC until SIGTERM."""
    settings = IocSettings("prepared", prefix, ca_port=ca_port, pva_port=pva_port)
    processors = dict(PROCESSORS)
    if handoffs is not None:
        processors["HDF1"] = partial(Timed, handoffs)
    sys.exit(run(settings, Prepared(), processors))


if __name__ == "__main__":
    main()
