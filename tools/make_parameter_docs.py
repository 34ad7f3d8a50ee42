"""Write docs/reference/parameters.md from the parameter table.

    python tools/make_parameter_docs.py [PAGE]

A test compares the page with what this program would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from framepath.spec.params import CAMERA_TABLES, PLUGIN_TABLES, Param, load
from framepath.spec.params.model import READBACK_SUFFIX

PAGE = Path(__file__).parent.parent / "docs/reference/parameters.md"

HEAD = """# PVs of the IOCs

Made by `tools/make_parameter_docs.py` from the tables in `src/framepath/spec/params`. Record types,
enum strings and initial values are those of ADCore R3-14, ADSimDetector R2-11 and ADEiger; rows
marked **ours** are framepath's own. `+` after a name: the PV has a readback `_RBV` of the same
meaning. Put-callbacks on *busy* PVs return when the work is done. See [the IOC](ioc.md).
"""

ARRAY = ("ndarray",)
PLUGIN = ("ndarray", "plugin")
FILE = ("ndarray", "plugin", "file")

SECTIONS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("Every port (cam1 and plugins)", ARRAY, ()),
    ("cam1 of every camera", CAMERA_TABLES, ARRAY),
    ("cam1 of `ioc sim`", (*CAMERA_TABLES, "sim", "framepath_sim"), CAMERA_TABLES),
    ("cam1 of `ioc replay`", (*CAMERA_TABLES, "framepath_replay"), CAMERA_TABLES),
    ("cam1 of `ioc eiger`, Eiger", (*CAMERA_TABLES, "eiger", "eiger1"), CAMERA_TABLES),
    ("cam1 of `ioc eiger`, EIGER2", (*CAMERA_TABLES, "eiger", "eiger2"), CAMERA_TABLES),
    ("Every plugin", PLUGIN, ARRAY),
    ("Every file plugin", FILE, PLUGIN),
    *(
        (name, tables, FILE if "file" in tables else PLUGIN)
        for name, tables in PLUGIN_TABLES.items()
    ),
)
"""Title, tables, and the tables whose rows an earlier section has."""


def rows_of(tables: Iterable[str], shown: Iterable[str]) -> list[Param]:
    """Rows of a section that no section before it shows in the same form."""
    shown = tuple(shown)
    before = load(shown) if shown else {}
    return [row for suffix, row in load(tables).items() if before.get(suffix) != row]


def table(rows: list[Param]) -> Iterator[str]:
    """Lines of a Markdown table, setpoint and readback in one."""
    suffixes = {row.suffix for row in rows}
    yield "| PV | record | states | initial | unit | parameter | meaning |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        if row.suffix.endswith(READBACK_SUFFIX) and row.name in suffixes:
            continue
        name = f"`{row.suffix}`" + (" +" if f"{row.suffix}{READBACK_SUFFIX}" in suffixes else "")
        cells = (
            name,
            _record(row),
            ", ".join(row.states),
            f"`{row.initial}`" if row.initial else "",
            row.units,
            f"`{row.parameter}`" if row.parameter else "",
            _meaning(row),
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _record(row: Param) -> str:
    record = f"{row.record} {row.array_type}[{row.array_length}]" if row.array_type else row.record
    is_busy = row.busy and row.is_setpoint and row.record != "busy"
    return f"{record}, busy" if is_busy else record


def _meaning(row: Param) -> str:
    ours = "**ours**: " if row.ours else ""
    inert = f" *Inert: {row.inert}.*" if row.inert and row.is_setpoint else ""
    return f"{ours}{row.description}{inert}".strip()


def inert_section() -> Iterator[str]:
    """Every settable PV without effect, with its reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for title, tables, shown in SECTIONS:
        for row in rows_of(tables, shown):
            if row.inert and row.is_setpoint:
                reasons.setdefault((title, row.inert), []).append(f"`{row.suffix}`")
    yield "## PVs without effect"
    yield ""
    yield "They take and show what is put, as on a real IOC, and do nothing else."
    yield ""
    yield "| where | reason | PVs |"
    yield "|---|---|---|"
    for (title, reason), names in reasons.items():
        yield f"| {title} | {reason} | {', '.join(names)} |"


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for title, tables, shown in SECTIONS:
        rows = rows_of(tables, shown)
        if rows:
            lines += [f"## {title}", "", *table(rows), ""]
    lines += inert_section()
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else PAGE).write_text(page())
