"""The IOC process: ports, driver, plugins and servers put together; one IOC a process."""

from __future__ import annotations

import logging
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from softioc import builder, softioc

from framepath.detector.acquisition import Acquisition
from framepath.detector.attributes import Attributes
from framepath.detector.autosave import (
    Autosave,
    Saved,
    check_can_save,
    collect,
    load_saved,
    restore,
)
from framepath.detector.camera import CameraPort, initial_values
from framepath.detector.drivers.base import Driver, DriverInfo, Value
from framepath.detector.foreign_pvs import ForeignPvs
from framepath.detector.graph import Graph
from framepath.detector.network import Listening, PortLost, check_prefix
from framepath.detector.own_pvs import OwnPvs
from framepath.detector.plugins.base import Plugin, Processor
from framepath.detector.plugins.circular import CircularBuffer
from framepath.detector.plugins.codec import CodecPlugin
from framepath.detector.plugins.hdf5 import Hdf5Plugin
from framepath.detector.plugins.jpeg import jpeg_plugin
from framepath.detector.plugins.process import process_plugin
from framepath.detector.plugins.pva import PvaImage
from framepath.detector.plugins.roi import roi_plugin
from framepath.detector.plugins.stats import stats_plugin
from framepath.detector.plugins.stats_time_series import StatsTimeSeries
from framepath.detector.plugins.std_arrays import StdArrays
from framepath.detector.plugins.tiff import tiff_plugin
from framepath.detector.plugins.transform import transform_plugin
from framepath.detector.port import Port
from framepath.detector.publisher import Publisher
from framepath.detector.pv_sources import PvSources
from framepath.detector.records.access import set_access_security, verify_access_security
from framepath.detector.records.direct import read_text
from framepath.detector.records.dispatch import PutLane
from framepath.detector.records.memory import leave_memory_unlocked
from framepath.detector.records.port_records import PortRecords
from framepath.spec.params import CAMERA_TABLES, Param, load, plugin_rows
from framepath.spec.serving import IocReady

log = logging.getLogger(__name__)

ATTEMPT_VARIABLE = "FRAMEPATH_IOC_ATTEMPT"
"""Counts the starts of one IOC that lost its ports to other processes."""

MOST_ATTEMPTS = 5

MakeProcessor = Callable[[Plugin], Processor]

PROCESSORS: dict[str, MakeProcessor] = {
    "image1": StdArrays,
    "HDF1": Hdf5Plugin,
    "Pva1": PvaImage,
    "ROI1": roi_plugin,
    "Stats1": stats_plugin,
    "Proc1": process_plugin,
    "Trans1": transform_plugin,
    "TIFF1": tiff_plugin,
    "JPEG1": jpeg_plugin,
    "Codec1": CodecPlugin,
    "CB1": CircularBuffer,
}
"""Plugins that an IOC has, in the order they are made."""

IMAGE = "ArrayData"
"""The array of image1, made as long as the detector's frames."""

SUB_PROCESSORS: dict[str, Callable[[Plugin, Port], Processor]] = {
    "Stats1:TS": StatsTimeSeries,
    "Proc1:TIFF": lambda plugin, above: tiff_plugin(plugin),
}
"""Ports below plugins; they are made where the plugin is, and get its port."""

FED_FROM_ABOVE = frozenset({"Stats1:TS"})
"""Those whose ``NDArrayPort`` is the port above, not the camera."""

WITH_ADDRESSES = ("STATS1",)
"""Ports that send more than one kind of array: `stats_time_series.ADDRESS`."""


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
    save
        File from which setpoints and state strings are restored, and to which they are saved.
    access
        Access security file of EPICS.
    elements
        Most pixels that ``image1:ArrayData`` holds, as ``NELEMENTS`` of areaDetector's startup
        scripts; 0: those of a whole frame, in colour where the camera has colours.
    """

    kind: str
    prefix: str
    host: str = "127.0.0.1"
    ca_port: int = 0
    pva_port: int = 0
    save: Path | None = None
    access: Path | None = None
    elements: int = 0


def _made_below(
    make: Callable[[Plugin, Port], Processor], above: Port, plugin: Plugin
) -> Processor:
    return make(plugin, above)


class Ioc:
    """An IOC before and while it runs."""

    def __init__(
        self,
        settings: IocSettings,
        driver: Driver,
        processors: Mapping[str, MakeProcessor] = PROCESSORS,
        foreign: ForeignPvs | None = None,
    ) -> None:
        check_prefix(settings.prefix)
        self.settings = settings
        self._driver = driver
        self._graph = Graph(WITH_ADDRESSES)
        self._lane = PutLane()
        info = driver.info
        if settings.save is not None:
            check_can_save(settings.save)
        self._saved = load_saved(settings.save) if settings.save else Saved()
        self._rows: dict[str, dict[str, Param]] = {}
        self._restored: dict[str, dict[str, Value]] = {}
        self.ports = {
            "cam1": self._port("cam1", load((*CAMERA_TABLES, *info.tables)), initial_values(info))
        }
        below = [name for name in SUB_PROCESSORS if name.partition(":")[0] in processors]
        for name in (*processors, *below):
            rows = plugin_rows(name)
            if IMAGE in rows:
                rows[IMAGE] = replace(rows[IMAGE], array_length=self._elements(info))
            initial = {} if name in FED_FROM_ABOVE else {"NDArrayPort": info.port}
            self.ports[name] = self._port(name, rows, initial)
        self._foreign = foreign or ForeignPvs(os.environ)  # a copy, before our servers change it
        pvs = PvSources(OwnPvs(self._records()), self._foreign)
        camera_port = self.ports["cam1"]
        camera = CameraPort(camera_port, info, self._graph, Attributes(camera_port, pvs))
        driver.attach(camera)
        self._publisher = Publisher(self.ports.values())
        self._acquisition = Acquisition(camera, driver, self._graph, self._publisher.flush)
        self._plugins = [
            Plugin(self.ports[name], self._graph, make, Attributes(self.ports[name], pvs))
            for name, make in self._makers(processors).items()
        ]
        self._autosave: Autosave | None = None

    def _elements(self, info: DriverInfo) -> int:
        return self.settings.elements or math.prod(info.size_yx) * info.n_colors

    def _makers(self, processors: Mapping[str, MakeProcessor]) -> dict[str, MakeProcessor]:
        makers = dict(processors)
        for name in SUB_PROCESSORS.keys() & self.ports.keys():
            above = self.ports[name.partition(":")[0]]
            makers[name] = partial(_made_below, SUB_PROCESSORS[name], above)
        return makers

    def _port(self, name: str, rows: dict[str, Param], initial: Mapping[str, Value]) -> Port:
        self._rows[name] = rows
        saved = self._saved.of_plugin(name)
        rows = saved.params(self._rows[name])
        self._restored[name] = restored = saved.initial(rows)
        return Port(f"{self.settings.prefix}{name}:", rows, {**initial, **restored})

    def _records(self) -> dict[str, Param]:
        return {
            port.pv(suffix): param
            for port in self.ports.values()
            for suffix, param in port.params.items()
        }

    def start(self) -> Listening:
        """Make the records, start the servers and every thread."""
        listening = Listening.chosen(
            self.settings.host, self.settings.ca_port, self.settings.pva_port
        )
        listening.set_environment()
        records = [PortRecords(port) for port in self.ports.values()]
        builder.LoadDatabase()
        if self.settings.access is not None:
            set_access_security(self.settings.access)
        leave_memory_unlocked()
        softioc.iocInit(self._lane)
        if self.settings.access is not None:
            verify_access_security(self.settings.access)
        listening.verify()
        for made in records:
            made.start()
        restore(self.ports, self._restored)
        self._lane.start()
        for plugin in self._plugins:
            plugin.start()
        self._publisher.start()
        self._acquisition.start()
        if self.settings.save is not None:
            self._autosave = Autosave(
                self.settings.save, lambda: collect(self.ports, self._rows, read_text)
            )
            self._autosave.start()
        return listening

    def stop(self) -> None:
        """End the acquisition, let plugins finish, close what is open."""
        self._acquisition.stop()
        for plugin in self._plugins:
            plugin.stop()
        self._publisher.stop()
        self._lane.stop()
        if self._autosave is not None:
            self._autosave.stop()
        self._foreign.stop()


def _start_again() -> None:
    """Replace this process by a new one with other ports; returns when that is not to be done.

    An IOC cannot be started twice in a process, and a port that was free may be gone a moment
    later. Only for a port that we chose ourselves.
    """
    n_tried = int(os.environ.get(ATTEMPT_VARIABLE, "0"))
    if n_tried >= MOST_ATTEMPTS:
        return
    os.environ[ATTEMPT_VARIABLE] = str(n_tried + 1)
    log.warning("a port was taken by another process; starting again with others")
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def run(
    settings: IocSettings,
    driver: Driver,
    processors: Mapping[str, MakeProcessor] = PROCESSORS,
    foreign: ForeignPvs | None = None,
) -> int:
    """Run an IOC until SIGTERM or SIGINT; return the exit code.

    ``foreign`` watches PVs of other IOCs; give the one that the driver uses, if it uses one.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ioc = Ioc(settings, driver, processors, foreign)
    try:
        listening = ioc.start()
    except PortLost as lost:
        if lost.expected not in (settings.ca_port, settings.pva_port):
            _start_again()
        raise
    ready = IocReady(
        settings.kind,
        settings.prefix,
        f"{listening.host}:{listening.ca_port}",
        f"{listening.host}:{listening.pva_port}",
    )
    print(ready.line, flush=True)
    while not ended.wait(1.0):  # bounded: Python handles signals between waits
        pass
    ioc.stop()
    sys.stdout.flush()
    return 0
