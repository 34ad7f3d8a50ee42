"""A writer killed at any moment leaves every flushed frame, and none that nobody sent."""

from __future__ import annotations

import random
import time

import h5py
import hdf5plugin  # noqa: F401  (registers the filters that the reader needs)
import numpy as np
import pytest

from conftest import count
from framepath.writing import Compression, WriterSettings
from unit.writing.other_process import DESTINATIONS, SHAPE_YX, process, write_until_killed

KINDS = {
    "raw": WriterSettings(swmr=True, flush_every_frames=3),
    "each": WriterSettings(swmr=True, flush_every_frames=1, ndattribute_chunk=4),
    "workers": WriterSettings(
        swmr=True, flush_every_frames=4, compression=Compression.BSLZ4, compress_workers=2
    ),
    "timed": WriterSettings(swmr=True, flush_every_s=0.005),
    "multi-frame chunks": WriterSettings(
        swmr=True, flush_every_frames=2, frame_chunks=2, compression=Compression.ZLIB
    ),
}
KILLS = count(in_ci_count=4, full_count=20)
"""For each kind, so 20 kills in CI and 100 with FRAMEPATH_LONG=1."""


def complete_frames(path) -> int:
    """The least count over frame and attribute datasets; every such frame is verified."""
    with h5py.File(path, "r", swmr=True) as file:
        columns = file["/entry/attributes"]
        rows = min(len(columns[name]) for name in columns)
        # Frame k went to dataset k % 3, so a dataset of n frames is enough for that many in all.
        enough = (3 * len(file[d]) + i for i, d in enumerate(DESTINATIONS))
        n = min(rows, *enough)
        assert columns["NDArrayUniqueId"][:n].tolist() == list(range(1, n + 1))
        sent = [DESTINATIONS[k % 3].encode() for k in range(n)]
        assert columns["SaveDest"][:n].tolist() == sent
        for k in range(n):
            pixels = file[DESTINATIONS[k % 3]][k // 3]
            np.testing.assert_array_equal(pixels, np.full(SHAPE_YX, k + 1))
    return n


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_any_moment(tmp_path, kind):
    for run in range(KILLS):
        chance = random.Random(f"{kind} {run}")
        path = tmp_path / f"{run}.h5"
        with process(write_until_killed, str(path), KINDS[kind]) as (child, told):
            flushed = 0
            for _ in range(chance.randint(1, 30)):
                assert told.poll(20), "the writer does not write"
                flushed = told.recv()
            moment = time.perf_counter() + chance.random() * 2e-3
            while time.perf_counter() < moment:
                pass
            child.kill()
            child.join()
            while told.poll():
                try:
                    flushed = told.recv()
                except EOFError:
                    break
        assert complete_frames(path) >= flushed
        path.unlink()
