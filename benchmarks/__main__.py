"""``python -m benchmarks [FOLDER ...]``: run, print a table, write ``benchmarks/results.json``."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import h5py
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.harness import Row

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
Benchmark = Callable[[], Iterable[Row]]


def folders() -> list[str]:
    """Folders that hold benchmarks; each has ``BENCHMARKS``, a tuple of functions giving rows."""
    return sorted(path.parent.name for path in HERE.glob("*/__init__.py"))


def benchmarks_of(folder: str) -> tuple[Benchmark, ...]:
    """The benchmark functions of one folder."""
    return importlib.import_module(f"benchmarks.{folder}").BENCHMARKS


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "hdf5": h5py.version.hdf5_version,
    }


def run(names: list[str], console: Console) -> Iterator[Row]:
    """Run the benchmarks of the folders, telling which one is at work."""
    for folder in names:
        for benchmark in benchmarks_of(folder):
            began = time.perf_counter()
            console.print(f"[dim]{folder}: {benchmark.__name__} ...[/dim]")
            yield from benchmark()
            console.print(f"[dim]  {time.perf_counter() - began:.0f} s[/dim]")


def table(rows: list[Row]) -> Table:
    """The rows as a person reads them."""
    shown = Table("name", "value", "unit", "demand", "met", "baseline", "runs")
    for row in rows:
        met = {True: "[green]yes[/green]", False: "[red]NO[/red]", None: ""}[row.met]
        shown.add_row(
            row.name, f"{row.value:.3g}", row.unit, row.demand, met, row.baseline, str(row.runs)
        )
    return shown


def kept_rows(names: list[str]) -> list[dict[str, object]]:
    """Rows of folders that this call did not run, from the file as it is."""
    if not RESULTS.exists():
        return []
    old = json.loads(RESULTS.read_text())["rows"]
    return [row for row in old if row["name"].split("/")[0] not in names]


def main(names: list[str]) -> int:
    """Run the named folders, or all; exit status 1 when a demand is not met."""
    unknown = set(names) - set(folders())
    if unknown:
        sys.exit(
            f"no benchmarks for {', '.join(sorted(unknown))}; there are {', '.join(folders())}"
        )
    names = names or folders()
    rows = list(run(names, Console(stderr=True)))
    Console(width=140).print(table(rows))
    measured = [row.as_json() for row in rows]
    results = {"machine": machine(), "rows": kept_rows(names) + measured}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
