"""What a session has, as its user reads it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tiled.queries import SpecsQuery

import framepath
import framepath.acquire as acquire
from framepath.acquire.devices.detector import FrameDetector

if TYPE_CHECKING:
    from framepath.session.start import Session

PLANS = ("frame_series", "tomo_scan", "with_darks_flats")
STUBS = ("take", "set_frame_type", "configure_routing")


def banner(session: Session) -> str:
    """Settings, catalog, devices, plans, what is missing, and what to type first."""
    names, made = session.names, session.devices.made
    connection = session.connection
    rows = [
        ("settings", str(session.source) if session.source else "defaults"),
        ("catalog", _runs(connection) if names["cat"] is not None else "none"),
        ("runs", f"the next has scan_id {names['RE'].md.get('scan_id', 0) + 1}"),
        ("devices", _devices(session) or "none"),
        ("plans", ", ".join(name for name in PLANS if name in acquire.__all__)),
        ("", "bp.count, bp.scan, ... (Bluesky's)"),
        ("in plans", ", ".join(name for name in STUBS if name in acquire.__all__)),
        ("before a run", "preflight() checks IOCs, folders, XML, space and the catalog"),
    ]
    width = max(len(label) for label, _ in rows) + 2
    lines = [f"framepath {framepath.__version__}", ""]
    for label, text in rows:
        first, *more = text.split("\n")
        lines.append(f"{label:<{width}}{first}")
        lines += [" " * width + line for line in more]
    missing = session.missing()
    if missing:
        lines += ["", "Missing:", *(f"  - {sentence}" for sentence in missing)]
        if session.devices.silent or session.devices.absent:
            addresses = os.environ.get("EPICS_CA_ADDR_LIST", "")
            lines.append(f"    PVs are looked for at EPICS_CA_ADDR_LIST={addresses or '(empty)'}")
    example = _example(made, session)
    if example:
        lines += ["", f"Try: {example}"]
    return "\n".join(lines)


def _runs(connection: Any) -> str:
    # Other things may be in the same container: `framepath serve --data` shows files there.
    n = len(connection.catalog.search(SpecsQuery(include=["BlueskyRun"])))
    return f"{connection.address}, {n} run{'' if n == 1 else 's'}"


def _devices(session: Session) -> str:
    """A line a device: name, what it is, prefix, and whether it answers."""
    made = session.devices.made
    width = max((len(name) for name in made), default=0)
    lines = []
    for name in sorted(made):
        device = made[name]
        prefix = getattr(device, "prefix", "")
        state = "" if name not in session.devices.silent else "  (does not answer)"
        lines.append(f"{name:<{width}}  {type(device).__name__} {prefix}{state}".rstrip())
    return "\n".join(lines)


def _example(made: dict[str, Any], session: Session) -> str:
    detectors = [name for name, device in made.items() if isinstance(device, FrameDetector)]
    answering = [name for name in sorted(detectors) if name not in session.devices.silent]
    return f"RE(bp.count([{answering[0]}], num=3))" if answering else ""
