"""Make the parameter tables of `framepath.spec.params` from listings of real areaDetector IOCs.

    python tools/make_params.py AREADETECTOR_CSV EIGER_CSV src/framepath/spec/params

The first listing has one row a PV of an ADSimDetector IOC with its plugins, the second one row a
record of the ADEiger templates. Common rows are written once; a plugin's own file holds its other
rows and those in which it differs. What we add to a row (traits, links) is kept in other files of
the same folder and is not touched.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

COLUMNS = (
    "suffix",
    "record",
    "states",
    "values",
    "initial",
    "precision",
    "units",
    "settable",
    "parameter",
    "array_type",
    "array_length",
)
CAMERA = "cam1"
FILE_PLUGIN_MARK = "FileTemplate"

# The listing cuts parameter names where the IOC's link text was full; these are whole.
LONG_PARAMETERS = (
    "DROPPED_OUTPUT_ARRAYS",
    "ND_ATTRIBUTES_MACROS",
    "ND_ATTRIBUTES_STATUS",
    "POOL_NUM_PRE_ALLOC_BUFFERS",
    "POOL_PRE_ALLOC_BUFFERS",
    "SIM_PEAK_HEIGHT_VARIATION",
    "HDF5_bloscCompressLevel",
    "HDF5_bloscShuffleType",
    "HDF5_chunkBoundaryAlign",
    "HDF5_chunkBoundaryThreshold",
    "HDF5_NDAttributeChunk",
    "HDF5_storePerformance",
    "CIRC_BUFF_ACTUAL_TRIGGER_COUNT",
    "CIRC_BUFF_PRESET_TRIGGER_COUNT",
    "CIRC_BUFF_FLUSH_ON_SOFTTRIG",
)
SHORTEST_CUT = 19

Row = dict[str, str]


def whole_parameter(name: str) -> str:
    """The parameter's name where the listing cut it, else ``name``."""
    if len(name) < SHORTEST_CUT:
        return name
    return next((full for full in LONG_PARAMETERS if full.startswith(name)), name)


def area_detector_rows(path: Path) -> dict[str, dict[str, Row]]:
    """Plugin -> suffix -> row of the first listing."""
    plugins: dict[str, dict[str, Row]] = {}
    with path.open(newline="") as file:
        for found in csv.DictReader(file):
            length = found["array_length"]
            plugins.setdefault(found["plugin"], {})[found["suffix"]] = {
                "suffix": found["suffix"],
                "record": found["record"],
                "states": found["enum"],
                "values": "",
                "initial": "" if found["initial"] in ("array[0]", "[]") else found["initial"],
                "precision": found["precision"],
                "units": found["units"],
                "settable": found["settable"],
                "parameter": whole_parameter(found["parameter"]),
                "array_type": found["array_type"],
                "array_length": str(int(float(length))) if length else "",
            }
    return plugins


def shared(plugins: dict[str, dict[str, Row]], names: list[str], but: set[str]) -> dict[str, Row]:
    """Rows whose suffix all of ``names`` have, each in its most frequent form."""
    suffixes = set.intersection(*(set(plugins[name]) for name in names)) - but
    common: dict[str, Row] = {}
    for suffix in suffixes:
        forms = Counter(tuple(plugins[name][suffix].items()) for name in names)
        common[suffix] = dict(forms.most_common(1)[0][0])
    return common


def own_rows(rows: dict[str, Row], *bases: dict[str, Row]) -> dict[str, Row]:
    """What of ``rows`` the bases do not already say; a later base wins over an earlier."""
    below: dict[str, Row] = {}
    for base in bases:
        below.update(base)
    return {suffix: row for suffix, row in rows.items() if below.get(suffix) != row}


def is_simulators(row: Row) -> bool:
    """Whether a camera row belongs to ADSimDetector and not to every camera."""
    return row["parameter"].startswith("SIM_") or row["parameter"] == "RESET_IMAGE"


def eiger_rows(path: Path) -> dict[str, dict[str, Row]]:
    """Template -> suffix -> row of the second listing; rows without anything new are left out."""
    templates: dict[str, dict[str, Row]] = {}
    with path.open(newline="") as file:
        for found in csv.DictReader(file):
            initial = found["setpoint_default"]
            if initial.startswith("$("):  # a macro with its default: $(NAME=0.05)
                initial = initial[2:-1].partition("=")[2]
            row = {
                "suffix": found["suffix"],
                "record": found["record"],
                "states": found["enum"],
                "values": found["values"],
                "initial": initial,
                "precision": found["precision"],
                "units": found["units"],
                "settable": found["settable"],
                "parameter": found["parameter"],
                "array_type": "CHAR" if found["record"] == "waveform" else "",
                "array_length": "256" if found["record"] == "waveform" else "",
            }
            said = (row["states"], row["units"], row["precision"], row["parameter"], initial)
            if any(said):
                templates.setdefault(found["template"], {})[row["suffix"]] = row
    _join_states(templates)
    return templates


def _join_states(templates: dict[str, dict[str, Row]]) -> None:
    """A template that only adds states to a base record gets the base's states before its own."""
    for suffix, row in templates["eiger2"].items():
        base = templates["eigerBase"].get(suffix)
        if base is None or not row["values"] or row["values"].startswith("0"):
            continue
        merged = dict(base)
        merged["states"] = f"{base['states']}|{row['states']}"
        merged["values"] = f"{base['values']}|{row['values']}"
        row.update(merged)


def write(folder: Path, name: str, rows: dict[str, Row]) -> None:
    """Write one table, sorted by suffix."""
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[suffix] for suffix in sorted(rows))


def main(area_detector: Path, eiger: Path, folder: Path) -> None:
    """Write every table."""
    plugins = area_detector_rows(area_detector)
    others = [name for name in plugins if name != CAMERA]
    files = [name for name in others if FILE_PLUGIN_MARK in plugins[name]]
    array = shared(plugins, list(plugins), set())
    plugin = shared(plugins, others, set(array))
    file = shared(plugins, files, set(array) | set(plugin))
    write(folder, "ndarray", array)
    write(folder, "plugin", plugin)
    write(folder, "file", file)
    camera = own_rows(plugins[CAMERA], array)
    write(folder, "camera", {s: row for s, row in camera.items() if not is_simulators(row)})
    write(folder, "sim", {s: row for s, row in camera.items() if is_simulators(row)})
    for name in others:
        bases = (array, plugin, file) if name in files else (array, plugin)
        write(folder, name, own_rows(plugins[name], *bases))
    for template, rows in eiger_rows(eiger).items():
        write(folder, {"eigerBase": "eiger"}.get(template, template), rows)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
