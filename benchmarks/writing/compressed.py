"""Bitshuffle with LZ4: the whole writer against the codec alone, h5py's filter, and itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest import mock

from benchmarks.harness import Row, row
from benchmarks.writing import stacks
from benchmarks.writing.baselines import (
    codec_alone,
    filtered_h5py,
    ours,
    verify_codec,
    verify_hdf5,
)
from benchmarks.writing.pairs import load, ratio, wall_s
from framepath.codecs import libraries
from framepath.writing import Compression

RUNS = 7
N_FRAMES = {"u2": 1000, "u4": 600}
BSLZ4 = {"swmr": True, "compression": Compression.BSLZ4}
OURS = (partial(ours, **BSLZ4), verify_hdf5)
ONE_WORKER = (partial(ours, compress_workers=1, **BSLZ4), verify_hdf5)
TWO_WORKERS = (partial(ours, compress_workers=2, **BSLZ4), verify_hdf5)
BUILDS = {"hdf5plugin": (False, ">= 1.25"), "wheel": (True, ">= 1.5")}


@contextmanager
def bitshuffle_build(prefer_wheel: bool) -> Iterator[None]:
    """Let the writer use one of the two builds of the library."""
    library = libraries.load_bitshuffle(prefer_wheel=prefer_wheel)
    with mock.patch.object(libraries, "bitshuffle", return_value=library):
        yield


def against_codec_alone() -> Iterator[Row]:
    """CPU of writing compressed frames against compressing them."""
    for dtype, n in N_FRAMES.items():
        frames = stacks.series(stacks.photon_like(dtype), n)
        value = ratio(OURS, (codec_alone, verify_codec), frames, runs=RUNS)
        name = f"writing/bslz4-{dtype}-photons-vs-codec-alone"
        yield row(name, value, "<= 1.25", "bslz4 into one buffer", RUNS)


def against_filter() -> Iterator[Row]:
    """How much more CPU h5py takes through hdf5plugin's filter, with the same attributes."""
    for build, (prefer_wheel, demand) in BUILDS.items():
        for dtype, n in N_FRAMES.items():
            frames = stacks.series(stacks.photon_like(dtype), n)
            with bitshuffle_build(prefer_wheel):
                value = ratio((filtered_h5py, verify_hdf5), OURS, frames, runs=RUNS)
            name = f"writing/h5py-filter-vs-bslz4-{dtype}-{build}"
            yield row(name, value, demand, "the whole writer", RUNS)


def two_workers() -> Iterator[Row]:
    """Frames a second with two workers against one; on a busy machine only reported."""
    frames = stacks.series(stacks.photon_like("u4"), 400)
    before = load()
    value = ratio(ONE_WORKER, TWO_WORKERS, frames, runs=RUNS, of=wall_s)
    demand = ">= 1.5" if before < 1 else ""
    yield row(
        *("writing/bslz4-u4-two-workers-vs-one", value, demand),
        *("one worker", RUNS),
        note=f"load before {before:.2f}, after {load():.2f}",
    )
