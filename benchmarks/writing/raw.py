"""Uncompressed frames: the whole writer against os.write, and naive h5py against the writer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.harness import Row, row
from benchmarks.writing import stacks
from benchmarks.writing.baselines import naive_h5py, os_write, ours, verify_hdf5, verify_raw
from benchmarks.writing.pairs import ratio

RUNS = 9
N_FRAMES = {"u2": 1000, "u4": 500}
NAIVE = {"u2": ">= 1.9", "u4": ">= 1.5"}
SWMR = (partial(ours, swmr=True), verify_hdf5)
EACH = (partial(ours, swmr=True, flush_every_frames=1), verify_hdf5)
OS_WRITE = (os_write, verify_raw)
NAIVE_H5PY = (naive_h5py, verify_hdf5)
FLUSHED = "SWMR, 4 NDAttributes, one flush a second"


def against_os_write() -> Iterator[Row]:
    """CPU of the whole writer against the bare bytes."""
    for dtype, n in N_FRAMES.items():
        for kind, stack in (("photons", stacks.photon_like), ("noise", stacks.noise)):
            frames = stacks.series(stack(dtype), n)
            value = ratio(SWMR, OS_WRITE, frames, runs=RUNS)
            name = f"writing/raw-{dtype}-{kind}-vs-oswrite"
            yield row(name, value, "<= 1.20", "os.write", RUNS, note=FLUSHED)


def against_os_write_flushing_each() -> Iterator[Row]:
    """The same with every frame flushed, as a report."""
    for dtype, n in N_FRAMES.items():
        frames = stacks.series(stacks.photon_like(dtype), n)
        value = ratio(EACH, OS_WRITE, frames, runs=RUNS)
        name = f"writing/raw-{dtype}-flush-each-vs-oswrite"
        yield row(name, value, "", "os.write", RUNS, note="SWMR, 4 NDAttributes")


def against_naive_h5py() -> Iterator[Row]:
    """How much more CPU h5py takes that writes the same row by row."""
    for dtype, n in N_FRAMES.items():
        frames = stacks.series(stacks.photon_like(dtype), n)
        value = ratio(NAIVE_H5PY, SWMR, frames, runs=RUNS)
        name = f"writing/naive-h5py-vs-raw-{dtype}"
        yield row(name, value, NAIVE[dtype], "the whole writer", RUNS, note=FLUSHED)
