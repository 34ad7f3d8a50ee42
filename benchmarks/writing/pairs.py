"""Two ways of storing the same frames, measured in turn on /dev/shm and verified."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import Cost, measure
from framepath.spec.frame import Frame

Writer = Callable[[Path, Sequence[Frame]], None]
Side = tuple[Writer, Writer]
"""What writes, and what verifies what was written."""


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder in memory that is gone at the end."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def cpu_s(cost: Cost) -> float:
    return cost.cpu_s


def wall_s(cost: Cost) -> float:
    return cost.wall_s


def ratio(
    ours: Side,
    baseline: Side,
    frames: Sequence[Frame],
    *,
    runs: int = 7,
    of: Callable[[Cost], float] = cpu_s,
) -> float:
    """Median over pairs of cost(ours) / cost(baseline); the first pair is verified, not counted.

    As `harness.paired_ratio`, but for files: freeing the pages of the last one is not measured.
    """
    ratios = []
    with scratch() as folder:
        path = folder / "frames"

        def cost(side: Side, verified: bool) -> float:
            taken = of(measure(lambda: side[0](path, frames)))
            if verified:
                side[1](path, frames)
            path.unlink(missing_ok=True)
            return taken

        for turn in range(runs + 1):
            first, second = (ours, baseline) if turn % 2 else (baseline, ours)
            costs = {first[0]: cost(first, turn == 0), second[0]: cost(second, turn == 0)}
            if turn:
                ratios.append(costs[ours[0]] / costs[baseline[0]])
    return statistics.median(ratios)


def load() -> float:
    """Load of the last minute."""
    return os.getloadavg()[0]
