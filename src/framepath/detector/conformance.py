"""A running IOC compared with the parameter table: what is missing, of another type or strings."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from caproto import ChannelType
from caproto.threading.client import PV, Batch, Context

from framepath.errors import IocUnreachable
from framepath.spec.findings import Finding, Severity
from framepath.spec.params import CAMERA_TABLES, PLUGIN_TABLES, Param, load

NOT_HELD = frozenset({"asyn", "sseq"})
"""Record types of areaDetector that only a C++ IOC can have."""

CAMERAS = {
    "sim": (*CAMERA_TABLES, "sim"),
    "eiger": (*CAMERA_TABLES, "eiger", "eiger1"),
    "eiger2": (*CAMERA_TABLES, "eiger", "eiger2"),
}
"""Tables of cam1 by kind of camera."""

T = TypeVar("T")

READ_S = 20.0
"""Longest time for the answers of channels that are connected."""


@dataclass(slots=True)
class Report:
    """What a comparison found.

    Attributes
    ----------
    prefix
        Of the IOC.
    n_expected, n_found
        PVs of areaDetector in the tables, and those of them that answer.
    n_settable, n_inert
        Settable PVs, and those that the tables declare without effect.
    findings
        One for each PV that differs; notes for record types that only a C++ IOC can have.
    """

    prefix: str
    n_expected: int = 0
    n_found: int = 0
    n_settable: int = 0
    n_inert: int = 0
    findings: list[Finding] = field(default_factory=list[Finding])

    @property
    def conforms(self) -> bool:
        """Nothing differs but what cannot be otherwise."""
        return all(finding.severity is Severity.NOTE for finding in self.findings)

    def as_json(self) -> dict[str, object]:
        """Plain values for ``--json``."""
        return {
            "prefix": self.prefix,
            "n_expected": self.n_expected,
            "n_found": self.n_found,
            "n_settable": self.n_settable,
            "n_inert": self.n_inert,
            "conforms": self.conforms,
            "findings": [finding.as_json() for finding in self.findings],
        }

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        lines.append(
            f"{self.prefix} {self.n_found} of {self.n_expected} PVs; "
            f"{self.n_inert} of {self.n_settable} settable PVs have no effect; "
            + ("conforms" if self.conforms else "differs from areaDetector")
        )
        return "\n".join(lines)


def compare(prefix: str, camera: str, plugins: Iterable[str], wait_s: float) -> Report:
    """Compare the IOC at ``prefix`` with the table's cam1 of a camera and with the plugins.

    Parameters
    ----------
    camera
        A name of `CAMERAS`.
    plugins
        Names of `PLUGIN_TABLES`.
    wait_s
        How long to wait for PVs after the last one connected.

    Raises
    ------
    IocUnreachable
        Not a single PV answers.
    """
    tables = {"cam1": CAMERAS[camera], **{name: PLUGIN_TABLES[name] for name in plugins}}
    rows = {
        f"{prefix}{plugin}:{suffix}": row
        for plugin, names in tables.items()
        for suffix, row in load(names).items()
        if not row.ours
    }
    context = Context()
    try:
        channels = _connected(context, list(rows), wait_s)
        if not channels:
            raise IocUnreachable(
                "no PV of the IOC answers",
                found=f"silence for {wait_s:g} s",
                where=prefix,
                next_step="check the prefix and EPICS_CA_ADDR_LIST",
            )
        types = _record_types(context, channels, wait_s)
        states = _states(channels)
    finally:
        context.disconnect()
    return _report(prefix, rows, types, states)


def _connected(context: Context, names: list[str], wait_s: float) -> dict[str, PV]:
    """The channels that connect, given up when for ``wait_s`` none more did."""
    channels = context.get_pvs(*names)
    n_connected, last = 0, time.monotonic()
    while n_connected < len(channels) and time.monotonic() - last < wait_s:
        time.sleep(0.05)
        now = sum(channel.connected for channel in channels)
        if now > n_connected:
            n_connected, last = now, time.monotonic()
    return {channel.name: channel for channel in channels if channel.connected}


def _record_types(context: Context, channels: Mapping[str, PV], wait_s: float) -> dict[str, str]:
    fields = _connected(context, [f"{name}.RTYP" for name in channels], wait_s)

    def record_type(response: Any) -> str:
        return bytes(response.data[0]).decode()

    found = _read(fields, record_type)
    return {name.removesuffix(".RTYP"): value for name, value in found.items()}


def _states(channels: Mapping[str, PV]) -> dict[str, tuple[str, ...]]:
    enums = {
        name: channel
        for name, channel in channels.items()
        if channel.channel is not None and channel.channel.native_data_type == ChannelType.ENUM
    }

    def strings(response: Any) -> tuple[str, ...]:
        return tuple(bytes(state).decode() for state in response.metadata.enum_strings)

    return _read(enums, strings, data_type="control")


def _read(channels: Mapping[str, PV], value_of: Callable[[Any], T], **how: Any) -> dict[str, T]:
    values: dict[str, T] = {}
    complete = threading.Event()

    def keep(name: str, response: Any) -> None:
        values[name] = value_of(response)
        if len(values) == len(channels):
            complete.set()

    with Batch() as batch:
        for name, channel in channels.items():
            batch.read(channel, lambda response, name=name: keep(name, response), **how)
    if channels and not complete.wait(READ_S):
        raise IocUnreachable(
            "the IOC stopped answering",
            found=f"{len(values)} of {len(channels)} answers",
            expected=f"all within {READ_S:g} s",
            next_step="try again; look at the load of the IOC",
        )
    return values


def _report(
    prefix: str,
    rows: Mapping[str, Param],
    types: Mapping[str, str],
    states: Mapping[str, tuple[str, ...]],
) -> Report:
    report = Report(prefix, n_expected=len(rows), n_found=len(types))
    for pv, row in rows.items():
        report.n_settable += row.is_setpoint
        report.n_inert += bool(row.inert) and row.is_setpoint
        finding = _judge(pv, row, types.get(pv), states.get(pv, ()))
        if finding is not None:
            report.findings.append(finding)
    return report


def _judge(pv: str, row: Param, record: str | None, states: tuple[str, ...]) -> Finding | None:
    if record is None and row.record in NOT_HELD:
        return Finding(
            "ioc-record-not-held",
            Severity.NOTE,
            "no such PV",
            f"a record of type {row.record}",
            pv,
            "nothing: only a C++ IOC has this record type",
        )
    if record is None:
        return Finding(
            "ioc-pv-missing",
            Severity.ERROR,
            "no such PV",
            f"a record of type {row.record}",
            pv,
            "add the record to the IOC",
        )
    if record != row.record:
        return Finding(
            "ioc-record-type", Severity.ERROR, record, row.record, pv, "change the record's type"
        )
    if row.states and _shown(states) != _shown(row.states):
        return Finding(
            "ioc-enum-strings",
            Severity.ERROR,
            "|".join(states),
            "|".join(row.states),
            pv,
            "give the states these strings, unless they are meant to be others (FrameType)",
        )
    return None


def _shown(states: tuple[str, ...]) -> tuple[str, ...]:
    """States without the empty ones at the end, which some servers send along."""
    return tuple("|".join(states).rstrip("|").split("|"))
