"""The server itself: memory after many frames, time from start to ready."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.catalog_servers import images_in, our_server, resident_bytes, stock_server
from benchmarks.files.series import ADDRESS, Frames, folder, write
from benchmarks.harness import Row, paired_ratio, row

N_FRAMES = 200
READS = 10_000
RUNS = 3


def memory_after_many_frames() -> Iterator[Row]:
    """Resident memory after 10,000 frames, above that at ready."""
    with folder() as where:
        data = where / "data"
        data.mkdir()
        write(data / "plain.h5", 0, N_FRAMES, Frames())
        with our_server(where, data) as (served, server):
            before = resident_bytes(server)
            with images_in(served, data / "plain.h5", ADDRESS, "plain") as images:
                for number in range(READS):
                    images[number % N_FRAMES]
                grown = (resident_bytes(server) - before) / 1e6
    yield row("catalog/server-memory", grown, "<= 100", "the server at ready", 1, "MB")


def start_up() -> Iterator[Row]:
    """Start to the first answer, catalog in place, against ``tiled serve config``."""
    with folder() as where:
        data = where / "data"
        data.mkdir()

        def ours() -> None:
            with our_server(where, data):
                pass

        def stock() -> None:
            with stock_server(where, data):
                pass

        ratio = paired_ratio(ours, stock, runs=RUNS, of=lambda cost: cost.wall_s)
    note = "start to ready and orderly end"
    yield row("catalog/start", ratio, "<= 1.3", "tiled serve config", RUNS, note=note)
