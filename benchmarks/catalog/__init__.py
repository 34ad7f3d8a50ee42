"""Serving: single frames, slabs, many clients, long datasets, memory, start-up."""

from benchmarks.catalog.frames import frames_over_http, long_dataset, many_clients
from benchmarks.catalog.live import live_frames
from benchmarks.catalog.server import memory_after_many_frames, start_up
from benchmarks.catalog.shared import frames_of_shared_files

BENCHMARKS = (
    frames_over_http,
    frames_of_shared_files,
    long_dataset,
    many_clients,
    live_frames,
    memory_after_many_frames,
    start_up,
)
