"""The IOC process: ports, driver, plugins and servers put together; one IOC a process."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from softioc import builder, softioc

from framepath.detector.acquisition import Acquisition
from framepath.detector.camera import CameraPort, initial_values
from framepath.detector.drivers.base import Driver
from framepath.detector.graph import Graph
from framepath.detector.network import Listening
from framepath.detector.plugins.base import Plugin, Processor
from framepath.detector.plugins.std_arrays import StdArrays
from framepath.detector.records.dispatch import PutLane
from framepath.detector.records.port import Port
from framepath.detector.records.publisher import Publisher
from framepath.spec.ioc import IocAddress
from framepath.spec.params import CAMERA_TABLES, PLUGIN_TABLES, load

log = logging.getLogger(__name__)

PROCESSORS: dict[str, Callable[[Port], Processor]] = {"image1": StdArrays}
"""Plugins that an IOC has, in the order they are made."""


@dataclass(frozen=True, slots=True)
class IocSettings:
    """How an IOC is started.

    Attributes
    ----------
    kind
        Name of the driver, for the ready line.
    prefix
        PV prefix, e.g. ``13SIM1:``.
    host, ca_port, pva_port
        Where the servers listen; port 0 means a free one.
    """

    kind: str
    prefix: str
    host: str = "127.0.0.1"
    ca_port: int = 0
    pva_port: int = 0


class Ioc:
    """An IOC before and while it runs."""

    def __init__(self, settings: IocSettings, driver: Driver) -> None:
        self.settings = settings
        self._driver = driver
        self._graph = Graph()
        self._lane = PutLane()
        info = driver.info
        camera_port = Port(
            f"{settings.prefix}cam1:",
            load((*CAMERA_TABLES, *info.tables)),
            initial_values(info, {}),
        )
        self._camera = CameraPort(camera_port, info, self._graph, lambda frame, extra: {})
        driver.attach(self._camera)
        self._acquisition = Acquisition(self._camera, driver, self._graph)
        self.ports = {"cam1": camera_port}
        self._plugins: dict[str, Plugin] = {}
        for name, make in PROCESSORS.items():
            initial = {"NDArrayPort": info.port}
            port = Port(f"{settings.prefix}{name}:", load(PLUGIN_TABLES[name]), initial)
            self.ports[name] = port
            self._plugins[name] = Plugin(port, self._graph, make(port))
        self._publisher = Publisher(self.ports.values())

    def start(self) -> Listening:
        """Make the records, start the servers and every thread."""
        listening = Listening.chosen(
            self.settings.host, self.settings.ca_port, self.settings.pva_port
        )
        listening.set_environment()
        for port in self.ports.values():
            port.build()
        builder.LoadDatabase()
        softioc.iocInit(self._lane)
        listening.verify()
        for port in self.ports.values():
            port.start()
        self._lane.start()
        for plugin in self._plugins.values():
            plugin.start()
        self._publisher.start()
        self._acquisition.start()
        return listening

    def stop(self) -> None:
        """End the acquisition, let plugins finish, close what is open."""
        self._acquisition.stop()
        for plugin in self._plugins.values():
            plugin.stop()
        self._publisher.stop()
        self._lane.stop()


def run(settings: IocSettings, driver: Driver) -> int:
    """Run an IOC until SIGTERM or SIGINT; return the exit code."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ioc = Ioc(settings, driver)
    listening = ioc.start()
    address = IocAddress(
        settings.kind,
        settings.prefix,
        f"{listening.host}:{listening.ca_port}",
        f"{listening.host}:{listening.pva_port}",
    )
    print(address.ready_line(), flush=True)
    while not ended.wait(1.0):  # bounded: Python handles signals between waits
        pass
    ioc.stop()
    sys.stdout.flush()
    return 0
