"""Which tables make up a plugin, and how they are read."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

from framepath.spec.params.model import READBACK_SUFFIX, Param, Rate

OURS = "framepath"
"""Prefix of the tables with PVs that areaDetector does not have."""

_PLUGIN = ("ndarray", "plugin")
_FILE = (*_PLUGIN, "file")

PLUGIN_TABLES = {
    "image1": (*_PLUGIN, "image1", "framepath_plugin"),
    "Pva1": (*_PLUGIN, "Pva1", "framepath_plugin"),
    "Stats1": (*_PLUGIN, "Stats1", "framepath_plugin", "framepath_Stats1"),
    "ROI1": (*_PLUGIN, "ROI1", "framepath_plugin"),
    "Proc1": (*_PLUGIN, "Proc1", "framepath_plugin", "framepath_Proc1"),
    "Trans1": (*_PLUGIN, "Trans1", "framepath_plugin"),
    "Codec1": (*_PLUGIN, "Codec1", "framepath_plugin"),
    "CB1": (*_PLUGIN, "CB1", "framepath_plugin"),
    "HDF1": (*_FILE, "HDF1", "framepath_plugin", "framepath_HDF1"),
    "TIFF1": (*_FILE, "TIFF1", "framepath_plugin"),
    "JPEG1": (*_FILE, "JPEG1", "framepath_plugin"),
}
"""Tables of each plugin, later ones over earlier ones; file names of the CSVs in this folder."""

SUB_PORTS = {"Proc1": "TIFF:", "Stats1": "TS:"}
"""Plugins with a port below them: the beginning of its PVs' suffixes."""

CAMERA_TABLES = ("ndarray", "camera", "framepath_camera")
"""Tables that every camera starts from; a driver names those to lay over them."""


def load(tables: Iterable[str]) -> dict[str, Param]:
    """Rows of the tables by suffix, sorted; an empty cell leaves what an earlier table said."""
    tables = tuple(tables)
    merged: dict[str, dict[str, str]] = {}
    for table in tables:
        for row in _rows(table):
            said = {column: cell for column, cell in row.items() if cell}
            said["ours"] = "1" if table.startswith(OURS) else ""
            below = dict(merged.get(row["suffix"], {}))
            if "states" in said:  # an initial state of other strings has no meaning
                below.pop("initial", None)
            merged[row["suffix"]] = {**below, **said}
    traits = _Traits(tables)
    return {
        suffix: _param(merged[suffix], traits.of(suffix), _links_of(suffix))
        for suffix in sorted(merged)
    }


def plugin_rows(name: str) -> dict[str, Param]:
    """Rows of one port: of a plugin alone, or of the port below it (``Stats1:TS``)."""
    plugin, _, below = name.partition(":")
    rows = load(PLUGIN_TABLES[plugin])
    beginning = SUB_PORTS.get(plugin)
    if beginning is None:
        return rows
    if not below:
        return {suffix: row for suffix, row in rows.items() if not suffix.startswith(beginning)}
    return {
        suffix.removeprefix(beginning): _below(row, beginning)
        for suffix, row in rows.items()
        if suffix.startswith(beginning)
    }


def _below(row: Param, beginning: str) -> Param:
    """A row as one of the port below, whose ``{P}`` has the beginning already."""
    fields = tuple((f, value.replace(f"{{P}}{beginning}", "{P}")) for f, value in row.fields)
    return replace(row, suffix=row.suffix.removeprefix(beginning), fields=fields)


def _links_of(suffix: str) -> tuple[tuple[str, str], ...]:
    """Fields of a record; those of a port below a plugin are linked as those of the plugin."""
    beginning, name = _split(suffix)
    own = f"{{P}}{beginning}"
    return tuple((field, value.replace("{P}", own)) for field, value in _links().get(name, ()))


def _split(suffix: str) -> tuple[str, str]:
    """``TS:QueueSize`` -> ``TS:`` and ``QueueSize``."""
    beginning, colon, name = suffix.rpartition(":")
    return beginning + colon, name


@cache
def _links() -> dict[str, list[tuple[str, str]]]:
    links: dict[str, list[tuple[str, str]]] = {}
    for row in _rows("links"):
        links.setdefault(row["suffix"], []).append((row["field"], row["value"]))
    return links


@cache
def _rows(table: str) -> list[dict[str, str]]:
    text = (files("framepath.spec.params") / f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), restval=""))


class _Traits:
    """What ``traits.csv`` says of the PVs of these tables.

    A row with a ``scope`` holds where that table is among them; ``?`` and ``*`` stand for one and
    for any characters.
    """

    def __init__(self, tables: tuple[str, ...]) -> None:
        rows = [row for row in _rows("traits") if row["scope"] in ("", *tables)]
        rows.sort(key=lambda row: not row["scope"])  # the narrower first
        self._patterns = [row for row in rows if set("?*") & set(row["suffix"])]
        self._exact: dict[str, dict[str, str]] = {}
        for row in rows:
            self._exact.setdefault(row["suffix"], row)

    def of(self, suffix: str) -> dict[str, str]:
        """Traits of a PV; a readback without its own has those of its setpoint.

        A PV of a port below a plugin without its own has those that it has on any port.
        """
        name = suffix.removesuffix(READBACK_SUFFIX)
        base = _split(name)[1]
        for known in dict.fromkeys((suffix, name, base + suffix[len(name) :], base)):
            if known in self._exact:
                return self._exact[known]
            for row in self._patterns:
                if fnmatchcase(known, row["suffix"]):
                    return row
        return {}


def _param(
    row: dict[str, str], traits: dict[str, str], fields: tuple[tuple[str, str], ...]
) -> Param:
    states = tuple(row["states"].split("|")) if row.get("states") else ()
    values = row.get("values", "")
    kind = traits.get("kind", "")
    settable = row.get("settable") == "1"
    return Param(
        suffix=row["suffix"],
        record=row["record"],
        states=states,
        state_values=tuple(map(int, values.split("|"))) if values else tuple(range(len(states))),
        initial=row.get("initial", ""),
        precision=int(row["precision"]) if row.get("precision") else None,
        units=row.get("units", ""),
        settable=settable,
        parameter=row.get("parameter", ""),
        array_type=row.get("array_type", ""),
        array_length=int(row.get("array_length") or 0),
        busy=kind == "busy",
        autosaved=settable and kind == "",
        rate=Rate.PACED if traits.get("rate") == "paced" else Rate.EDGE,
        inert=traits.get("inert", ""),
        description=traits.get("description", ""),
        fields=fields,
        ours=row.get("ours") == "1",
    )
