"""A running IOC compared with the parameter table: what is missing, of another type or strings,
and for one that has just been started the values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from caproto.threading.client import Context

from framepath.detector.conformance_initial import differing
from framepath.detector.conformance_reading import connected, enum_states, record_types, values
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

MOTION_PVS = ("m1", "m2", "shutter")
"""What ``framepath ioc motion`` has instead."""

SIGNS = {"eiger2": "FWHDF5Format", "eiger": "FWEnable"}
"""PV of cam1 by which a kind of camera is known, the special kinds first."""


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
    n_initial
        PVs whose initial values were compared; 0 unless the IOC is said to be fresh.
    findings
        One for each PV that differs; notes for record types that only a C++ IOC can have, and
        for initial values that depend on where an IOC runs.
    """

    prefix: str
    n_expected: int = 0
    n_found: int = 0
    n_settable: int = 0
    n_inert: int = 0
    n_initial: int = 0
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
            "n_initial": self.n_initial,
            "conforms": self.conforms,
            "findings": [finding.as_json() for finding in self.findings],
        }

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        if self.n_initial:
            lines.append(f"{self.prefix} {self.n_initial} initial values compared")
        lines.append(
            f"{self.prefix} {self.n_found} of {self.n_expected} PVs; "
            f"{self.n_inert} of {self.n_settable} settable PVs have no effect; "
            + ("conforms" if self.conforms else "differs from areaDetector")
        )
        return "\n".join(lines)


def compare(
    prefix: str, camera: str | None, plugins: Iterable[str], wait_s: float, is_fresh: bool = False
) -> Report:
    """Compare the IOC at ``prefix`` with the table's cam1 of a camera and with the plugins.

    Parameters
    ----------
    camera
        A name of `CAMERAS`; None finds out.
    plugins
        Names of `PLUGIN_TABLES`.
    wait_s
        How long to wait for PVs after the last one connected.
    is_fresh
        The IOC has just been started, without autosave: compare the values of its PVs too, but
        for the cam1 of an Eiger, which shows its detector's settings.

    Raises
    ------
    IocUnreachable
        Not a single PV answers.
    """
    camera = camera or _seen_camera(prefix, wait_s)
    tables = {"cam1": CAMERAS[camera], **{name: PLUGIN_TABLES[name] for name in plugins}}
    rows = {
        f"{prefix}{plugin}:{suffix}": row
        for plugin, names in tables.items()
        for suffix, row in load(names).items()
        if not row.ours
    }
    context = Context()
    try:
        channels = connected(context, list(rows), wait_s)
        if not channels:
            raise _no_camera(context, prefix, wait_s)
        types = record_types(context, channels, wait_s)
        states = enum_states(channels)
        fresh = _compared_fresh(prefix, camera, rows) if is_fresh else {}
        found = values({pv: channels[pv] for pv in fresh if pv in channels}, rows, states)
    finally:
        context.disconnect()
    report = _report(prefix, rows, types, states)
    report.n_initial = len(found)
    report.findings += differing(prefix, fresh, found)
    return report


def _no_camera(context: Context, prefix: str, wait_s: float) -> IocUnreachable:
    """Nobody is there, or somebody who has motors."""
    there = connected(context, [prefix + name for name in MOTION_PVS], wait_s)
    if there:
        return IocUnreachable(
            "this IOC has no area detector to compare",
            found=f"no cam1 and no plugin, but {', '.join(there)}",
            expected=f"PVs such as {prefix}cam1:Acquire",
            where=prefix,
            next_step="give the prefix of a camera's IOC; motors are in no table of areaDetector",
        )
    return IocUnreachable(
        "no PV of the IOC answers",
        found=f"silence for {wait_s:g} s",
        where=prefix,
        next_step="check the prefix and EPICS_CA_ADDR_LIST; the ready line of framepath ioc "
        "names its address (ca=...)",
    )


def _seen_camera(prefix: str, wait_s: float) -> str:
    context = Context()
    try:
        names = {f"{prefix}cam1:{sign}": camera for camera, sign in SIGNS.items()}
        there = connected(context, list(names), wait_s)
        return next((camera for name, camera in names.items() if name in there), "sim")
    finally:
        context.disconnect()


def _compared_fresh(prefix: str, camera: str, rows: Mapping[str, Param]) -> dict[str, Param]:
    is_left_out = f"{prefix}cam1:" if camera != "sim" else None
    return {pv: row for pv, row in rows.items() if not (is_left_out and pv.startswith(is_left_out))}


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
