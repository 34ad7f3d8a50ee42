"""The session: points of a plan with everything on, and what documents cost its RunEngine."""

from benchmarks.acquire.documents import event_cost, memory, without_a_server
from benchmarks.acquire.points import count

BENCHMARKS = (count, event_cost, without_a_server, memory)
