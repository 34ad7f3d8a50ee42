"""What more attributes and longer files cost: small frames, so that nothing hides it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import partial

from benchmarks.harness import Row, measure, row
from benchmarks.writing import stacks
from benchmarks.writing.baselines import ours, verify_hdf5
from benchmarks.writing.pairs import ratio, scratch
from framepath.writing import RoutedWriter, WriterSettings

RUNS = 7
THOUSAND = 1000


def thirteen_attributes() -> Iterator[Row]:
    """13 NDAttributes, two of them text, against 4: frames of an EIGER1 500K."""
    pixels = stacks.photon_like("u2")
    four, thirteen = (stacks.series(pixels, THOUSAND, n) for n in (4, 13))
    write = partial(ours, swmr=True)
    value = ratio(
        (lambda path, frames: write(path, thirteen), verify_hdf5), (write, verify_hdf5), four
    )
    yield row(
        *("writing/13-ndattributes-vs-4", value, "<= 1.25", "4 NDAttributes", RUNS),
        note="uint16, SWMR, one flush a second",
    )


def long_files() -> Iterator[Row]:
    """CPU of the last 1,000 of 100,000 frames against the first 1,000."""
    frames = stacks.series(stacks.small(), THOUSAND, 13)
    settings = WriterSettings(swmr=True, flush_every_frames=THOUSAND)
    costs: list[float] = []
    with scratch() as folder, RoutedWriter(folder / "long", "", settings) as writer:

        def thousand() -> None:
            for frame in frames:
                writer.write(frame)

        for _ in range(101):
            costs.append(measure(thousand).cpu_s)
    # The first thousand also makes the file; the sums over ten are fair to the clock's grain.
    value = statistics.fmean(costs[-10:]) / statistics.fmean(costs[1:11])
    yield row(
        *("writing/frame-of-100000-vs-of-1000", value, "<= 1.1"),
        *("frames 1,000 to 11,000", 1),
        note="64 x 64 uint16, 13 NDAttributes, flush every 1000",
    )
