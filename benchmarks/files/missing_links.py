"""A master file whose data files were never written, all of them or all but one."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import h5py

from benchmarks.files.series import ADDRESS, Frames, folder, write
from benchmarks.harness import Row, measure, row
from framepath.errors import LinkBroken
from framepath.files import list_links, open_frames

RUNS = 5
_N_LINKS = 10_000


def files_never_written() -> Iterator[Row]:
    """CPU seconds until the error, the one file's frames, and the list of links are there."""
    with folder() as where:
        master = where / "master.h5"
        with h5py.File(master, "w") as file:
            group = file.create_group("entry/data")
            for n in range(1, _N_LINKS + 1):
                group[f"data_{n:06d}"] = h5py.ExternalLink(f"data_{n:06d}.h5", ADDRESS)
        yield _row("open-10000-missing-files", lambda: _refused(master))
        yield _row("list-10000-missing-files", lambda: _listed(master))
        write(where / "data_005000.h5", 0, 2, Frames())
        yield _row("open-9999-missing-files", lambda: _opened(master))


def _row(name: str, run) -> Row:
    costs = [measure(run).cpu_s for _ in range(RUNS)]
    return row(f"files/{name}", statistics.median(costs), "<= 1", "", RUNS, unit="CPU s")


def _refused(master: Path) -> None:
    with suppress(LinkBroken), open_frames(master):
        raise AssertionError("opened")


def _listed(master: Path) -> None:
    assert sum(not link.exists for link in list_links(master)) == _N_LINKS


def _opened(master: Path) -> None:
    with open_frames(master) as stack:
        assert len(stack.gaps) == _N_LINKS - 1
        assert stack[len(stack) - 1][0, 0] == 1
