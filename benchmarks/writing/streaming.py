"""Memory of a long stream, and how soon a reader sees a frame."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import h5py

from benchmarks.harness import Row, row
from benchmarks.writing import stacks
from benchmarks.writing.pairs import load, scratch
from framepath.writing import Compression, RoutedWriter, WriterSettings

GIGABYTES = 10
FRAMES_A_SECOND = 100
N_FOLLOWED = 300
_processes = multiprocessing.get_context("forkserver")


def _status_mb(field: str) -> float:
    """A size from /proc/self/status, in megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1000
    raise KeyError(field)


def _stream(answer: Connection, path: Path) -> None:
    """Stream ten gigabytes of pixels through two workers; send the growth of the peak memory."""
    frames = stacks.series(stacks.photon_like("u2"), 1000, 13)
    n_frames = int(GIGABYTES * 1e9 / frames[0].n_bytes)
    before = _status_mb("VmRSS")
    settings = WriterSettings(swmr=True, compression=Compression.BSLZ4, compress_workers=2)
    with RoutedWriter(path, "", settings) as writer:
        for i in range(n_frames):
            writer.write(frames[i % len(frames)])
    assert writer.n_stored == n_frames
    answer.send(_status_mb("VmHWM") - before)


def memory() -> Iterator[Row]:
    """VmHWM of a process that streams ten gigabytes, above what it had before."""
    with scratch() as folder:
        ours, theirs = _processes.Pipe()
        child = _processes.Process(target=_stream, args=(theirs, folder / "stream"))
        child.start()
        theirs.close()
        grown = ours.recv()
        child.join()
    yield row(
        *("writing/peak-memory-of-10-gb", grown, "<= 300", "before the stream", 1),
        *("MB", "bslz4, two workers, 13 NDAttributes, SWMR, one flush a second"),
    )


def _write_steadily(answer: Connection, path: Path) -> None:
    """Write at a fixed rate, every frame flushed; send when each write returned."""
    frames = stacks.series(stacks.photon_like("u2"), N_FOLLOWED)
    settings = WriterSettings(swmr=True, flush_every_frames=1)
    written = []
    with RoutedWriter(path, "", settings) as writer:
        writer.open(frames[0])
        answer.send("open")
        answer.recv()
        begin = time.monotonic()
        for i, frame in enumerate(frames):
            while time.monotonic() < begin + i / FRAMES_A_SECOND:
                time.sleep(2e-4)
            writer.write(frame)
            written.append(time.monotonic())
        answer.send(written)
        answer.recv()


def _follow(path: Path, started: Connection) -> list[float]:
    """Poll the frame dataset as fast as it goes; when each frame was first seen."""
    seen: list[float] = []
    with h5py.File(path, "r", swmr=True) as file:
        data = file["/entry/data/data"]
        started.send("go")
        while len(seen) < N_FOLLOWED:
            data.refresh()
            n, now = len(data), time.monotonic()
            seen += [now] * (n - len(seen))
            time.sleep(1e-3)
    return seen


def latency() -> Iterator[Row]:
    """Written to visible, another process polling every millisecond."""
    before = load()
    with scratch() as folder:
        ours, theirs = _processes.Pipe()
        child = _processes.Process(target=_write_steadily, args=(theirs, folder / "live"))
        child.start()
        ours.recv()
        seen = _follow(folder / "live", ours)
        written = ours.recv()
        ours.send("end")
        child.join()
    delays_ms = sorted(1e3 * (s - w) for s, w in zip(seen, written, strict=True))
    p95 = delays_ms[int(0.95 * len(delays_ms))]
    demand = "<= 20" if before < 1 else ""
    yield row(
        *("writing/swmr-visible-p95", p95, demand, "", N_FOLLOWED, "ms"),
        f"{FRAMES_A_SECOND} frames/s, flush each; median {statistics.median(delays_ms):.1f} ms; "
        f"load {before:.2f}",
    )
