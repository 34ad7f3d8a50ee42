"""Serving: single frames, slabs, many clients, long datasets, memory, start-up."""

from benchmarks.catalog.frames import frames_over_http, long_dataset, many_clients
from benchmarks.catalog.server import memory_after_many_frames, start_up

BENCHMARKS = (frames_over_http, long_dataset, many_clients, memory_after_many_frames, start_up)
