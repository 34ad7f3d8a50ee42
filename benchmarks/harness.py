"""Paired measurement: both sides run in turn in one process tree, ratios of pairs, medians.

Absolute times on shared machines drift by factors; the ratio of two neighbours does not.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of ``benchmarks/results.json``.

    Attributes
    ----------
    name
        ``folder/what-against-what``; the folder is the one of ``src/framepath`` it measures.
    value
        Median of the ratios, or the figure named by ``unit``.
    demand
        Such as ``<= 1.20``; "" for a figure that is only reported.
    met
        Whether the demand holds; None without one.
    baseline
        What the value is a ratio to.
    runs
        Number of pairs, or of runs.
    unit
        "ratio" or the unit of ``value``.
    note
        Circumstances that a reader of the figure must know.
    """

    name: str
    value: float
    demand: str
    met: bool | None
    baseline: str
    runs: int
    unit: str = "ratio"
    note: str = ""

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: CPU seconds of this process and its ended children, wall seconds."""

    cpu_s: float
    wall_s: float


def measure(run: Callable[[], object]) -> Cost:
    """Run once and return the cost; the callable verifies its own result."""
    cpu, wall = _cpu_s(), time.perf_counter()
    run()
    return Cost(_cpu_s() - cpu, time.perf_counter() - wall)


def _cpu_s() -> float:
    # os.times counts this process in steps of 10 ms, process_time in nanoseconds.
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def paired_ratio(
    ours: Callable[[], object],
    baseline: Callable[[], object],
    *,
    runs: int = 7,
    of: Callable[[Cost], float] = lambda cost: cost.cpu_s,
) -> float:
    """Median over ``runs`` pairs of cost(ours) / cost(baseline), after one uncounted pair.

    The order within a pair alternates, so that neither side always runs on a warmer machine.
    """
    measure(ours)
    measure(baseline)
    ratios = []
    for turn in range(runs):
        if turn % 2:
            theirs, mine = measure(baseline), measure(ours)
        else:
            mine, theirs = measure(ours), measure(baseline)
        ratios.append(of(mine) / of(theirs))
    return statistics.median(ratios)


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<=": lambda value, limit: value <= limit,
    ">=": lambda value, limit: value >= limit,
}


def row(
    name: str,
    value: float,
    demand: str,
    baseline: str,
    runs: int,
    unit: str = "ratio",
    note: str = "",
) -> Row:
    """A row whose ``met`` follows from ``demand`` ("<= 1.2", ">= 2", "" for a report)."""
    met = None
    value = float(value)  # of numpy's, too, which JSON does not know
    if demand:
        comparison, limit = demand.split()[:2]
        met = _COMPARISONS[comparison](value, float(limit))
    return Row(name, round(value, 4), demand, met, baseline, runs, unit, note)
