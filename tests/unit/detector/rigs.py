"""Ports, plugins and frames without an EPICS server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from framepath.detector.attributes import UNDEFINED, Attributes, Typed
from framepath.detector.graph import Graph
from framepath.detector.plugins.base import Plugin, Processor
from framepath.detector.port import Port
from framepath.layout.attributes_model import DbrType
from framepath.spec.frame import Frame
from framepath.spec.params import CAMERA_TABLES, load, plugin_rows

SOURCE = "SIM1"
DEADLINE_S = 10.0


class Table:
    """EPICS_PV attributes from a table (implements `framepath.detector.attributes.PvSource`)."""

    def __init__(self, values: dict[str, Typed] | None = None) -> None:
        self.values = values or {}
        self.connected: list[str] = []

    def connect(self, pv: str, dbrtype: DbrType) -> None:
        self.connected.append(pv)

    def read(self, pv: str, dbrtype: DbrType) -> Typed:
        return self.values.get(pv, UNDEFINED)


def camera_port(**initial) -> Port:
    tables = (*CAMERA_TABLES, "sim", "framepath_sim")
    return Port("T:cam1:", load(tables), {"PortName": SOURCE, **initial})


def plugin_port(name: str, **initial) -> Port:
    return Port(f"T:{name}:", plugin_rows(name), {"NDArrayPort": SOURCE, **initial})


def make_plugin(name: str, graph: Graph, make: Callable[[Plugin], Processor], **initial) -> Plugin:
    port = plugin_port(name, EnableCallbacks=1, **initial)
    return Plugin(port, graph, make, Attributes(port, Table()))


def numbered(index: int, shape=(4, 6), dtype=np.uint16, **attributes) -> Frame:
    """A frame whose pixels encode its index, as does its unique id (from 1)."""
    pixels = np.arange(np.prod(shape), dtype=dtype).reshape(shape) + dtype(100 * index)
    return Frame(pixels, unique_id=index + 1, attributes=attributes)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < until, f"{what}: not within {DEADLINE_S} s"
        threading.Event().wait(0.002)
