"""An IOC whose writer changes one pixel of every third frame, for tests that must notice.

python corrupting_ioc.py --prefix X: --ca-port N --pva-port N
"""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from framepath.detector.drivers.sim import Sim
from framepath.detector.ioc import PROCESSORS, IocSettings, run
from framepath.detector.plugins.hdf5 import Hdf5Plugin
from framepath.spec.frame import Frame
from framepath.spec.ledger import LedgerRow
from framepath.writing.routed import RoutedWriter

EVERY = 3


class CorruptingWriter(RoutedWriter):
    """Adds one to pixel [0, 0] of every third frame, after the driver took its checksum."""

    def write(self, frame: Frame) -> LedgerRow:
        if frame.unique_id % EVERY == 0:
            pixels = frame.data.copy()
            pixels[0, 0] += 1
            frame = replace(frame, data=pixels)
        return super().write(frame)


@click.command()
@click.option("--prefix", required=True)
@click.option("--ca-port", type=int, default=0)
@click.option("--pva-port", type=int, default=0)
def main(prefix: str, ca_port: int, pva_port: int) -> None:
    settings = IocSettings("sim", prefix, ca_port=ca_port, pva_port=pva_port)
    processors = {**PROCESSORS, "HDF1": lambda plugin: Hdf5Plugin(plugin, CorruptingWriter)}
    sys.exit(run(settings, Sim((24, 32)), processors))


if __name__ == "__main__":
    main()
