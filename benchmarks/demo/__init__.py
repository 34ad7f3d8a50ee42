"""Seconds of the demo, from its start to verified frames, and where they go."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.harness import Row, measure, row

RUNS = 3


def stages() -> Iterator[Row]:
    """Whole runs of ``framepath demo``; each fails unless every frame was verified."""
    seconds: list[float] = []
    of_stage: dict[str, list[float]] = {}
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as output:
            command = [sys.executable, "-m", "framepath", "demo", "--output", output]
            cost = measure(
                lambda command=command: subprocess.run(command, check=True, capture_output=True)
            )
            summary = json.loads((Path(output) / "summary.json").read_text())
        seconds.append(cost.wall_s)
        for name, value in summary["seconds"].items():
            of_stage.setdefault(name, []).append(value)
    yield row("demo/whole", median(seconds), "<= 60", "a fresh process", RUNS, "s")
    for name, values in of_stage.items():
        yield row(f"demo/stage-{name}", median(values), "", "a fresh process", RUNS, "s")


BENCHMARKS = (stages,)
