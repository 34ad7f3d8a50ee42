"""An IOC whose camera shows prepared frames, so that making pixels costs nothing.

python -m benchmarks.detector.prepared_ioc --prefix X: --ca-port N --pva-port N
"""

from __future__ import annotations

import sys

import click

from benchmarks.writing import stacks
from framepath.detector.drivers.base import DriverInfo, Exposure, ExposureSettings, FreeRunning
from framepath.detector.ioc import IocSettings, run
from framepath.spec.frame import DataType


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


@click.command()
@click.option("--prefix", required=True)
@click.option("--ca-port", type=int, required=True)
@click.option("--pva-port", type=int, required=True)
def main(prefix: str, ca_port: int, pva_port: int) -> None:
    """Run the IOC until SIGTERM."""
    settings = IocSettings("prepared", prefix, ca_port=ca_port, pva_port=pva_port)
    sys.exit(run(settings, Prepared()))


if __name__ == "__main__":
    main()
