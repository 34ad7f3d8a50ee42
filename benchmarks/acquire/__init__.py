"""The session: points of a plan with everything on, and what documents cost its RunEngine."""

from benchmarks.acquire.documents import event_cost, memory
from benchmarks.acquire.points import count

BENCHMARKS = (count, event_cost, memory)
