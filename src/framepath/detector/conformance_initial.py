"""Initial values of a just-started IOC compared with the parameter table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from framepath.spec.findings import Finding, Severity
from framepath.spec.params import Param

SITE = {
    "cam1:*Size?_RBV": "the size of the detector is chosen at the start of the IOC",
    "cam1:Size?": "the size of the detector is chosen at the start of the IOC",
    "*:PortName_RBV": "port names are chosen in the startup script",
    "*:NDArrayPort*": "port names are chosen in the startup script",
    "*:Queue*": "queue sizes are chosen in the startup script",
    "*:MaxThreads_RBV": "thread numbers are chosen in the startup script",
    "*:PoolMaxMem": "memory limits are chosen in the startup script",
    "*Version_RBV": "of this build",
    "*:PluginType_RBV": "may hold the version of a library",
    "Pva1:PvName_RBV": "begins with the prefix of the IOC",
    "cam1:Manufacturer_RBV": "of the detector",
    "cam1:Model_RBV": "of the detector",
    "cam1:SerialNumber_RBV": "of the detector",
}
"""Initial values that say where and how an IOC runs, by ``plugin:suffix``; the reason of each."""


def differing(
    prefix: str, rows: Mapping[str, Param], found: Mapping[str, str]
) -> Iterator[Finding]:
    """One finding for each value that is not the table's; a note where `SITE` explains it.

    Parameters
    ----------
    prefix
        Of the IOC.
    rows, found
        By full PV name; values as `framepath.detector.conformance_reading.values` gives them.
    """
    for pv, row in rows.items():
        expected = _expected(row)
        if pv in found and not _is_same(found[pv], expected, row):
            yield _finding(pv, found[pv], expected, _reason(pv.removeprefix(prefix)))


def _expected(row: Param) -> str:
    if not row.is_text and (row.array_type or row.record == "subArray"):
        return "array[0]"
    return row.initial


def _is_same(found: str, expected: str, row: Param) -> bool:
    if found == expected:
        return True
    try:
        return abs(float(found) - float(expected or 0)) <= 0.5 * 10.0 ** -(row.precision or 0)
    except ValueError:
        return False


def _reason(name: str) -> str:
    return next((reason for pattern, reason in SITE.items() if fnmatchcase(name, pattern)), "")


def _finding(pv: str, found: str, expected: str, reason: str) -> Finding:
    if reason:
        return Finding(
            "ioc-initial-value-of-site", Severity.NOTE, found, expected, pv, f"nothing: {reason}"
        )
    return Finding(
        "ioc-initial-value",
        Severity.ERROR,
        repr(found),
        repr(expected),
        pv,
        "start the IOC anew without autosave; if it stays, set the value at its start",
    )
