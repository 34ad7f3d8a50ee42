"""Eiger data files one after the other: the links ``data_000001``, ... of a v1 master."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import h5py
import numpy as np

from framepath.errors import FileUnreadable, FramepathError, LinkBroken, OutsideFolders
from framepath.files.follow import Found, broken, follow
from framepath.files.opened import FileSet
from framepath.files.parts import Parts
from framepath.files.resolve import Places
from framepath.files.source import Box, FrameSource, Gap, Pixels, StoredChunk
from framepath.spec.links import LinkKind

_LINK = re.compile(r"data_(\d+)")
_MAX_NUMBERS = 100
"""Numbers a link at most: data files deleted from the middle of a series leave some without."""

OpenChild = Callable[[FileSet, Found], FrameSource]
"""Opens the source that was found; it closes the files with itself."""


def data_links(group: h5py.Group) -> dict[int, str]:
    """Names of a group's ``data_000001``, ... by number, in numeric order."""
    numbered = {int(m[1]): name for name in map(str, group) if (m := _LINK.fullmatch(name))}
    return dict(sorted(numbered.items()))


@dataclass(frozen=True, slots=True)
class _Part:
    """One data file: its frames, and why it cannot be read ("" when it can)."""

    n_frames: int
    problem: str


class DataFiles:
    """The frames of all data files of an Eiger v1 master, in numeric order.

    A file that is missing before the last one present held as many frames as the others do
    (FileWriter fills every file but the last); missing ones at the end hold none that anyone
    knows of: an aborted series leaves a master that lists files never written. Both are `gaps`.

    Parameters
    ----------
    files
        What is open; closed with the source.
    found
        The group that holds the links.
    open_child
        Opens one data file's dataset.

    Raises
    ------
    LinkBroken
        No data file is there.
    FileUnreadable
        Data files disagree about the shape or type of a frame.
    """

    def __init__(self, files: FileSet, found: Found, open_child: OpenChild) -> None:
        assert isinstance(found.node, h5py.Group)
        self.kind = "Eiger data files"
        self._files = files
        self._found = found
        self._open_child = open_child
        self._parts = Parts(self._open_part)
        self._frame_shape: tuple[int, ...] = ()
        self._dtype: np.dtype[Any] | None = None
        try:
            self._survey()
        except FramepathError:
            self._parts.close()
            raise

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, y, x), counting the frames of gaps between files."""
        return (self._starts[-1], *self._frame_shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a pixel."""
        assert self._dtype is not None
        return self._dtype

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """One for each data file that cannot be read."""
        return tuple(
            Gap(start, start + part.n_frames, part.problem)
            for start, part in zip(self._starts, self._table, strict=False)
            if part.problem
        )

    def read(self, frames: Sequence[int], box: Box, out: Pixels) -> None:
        """Fill ``out`` (len(frames), *box); a frame of a missing file raises what it lacks."""
        at = 0
        while at < len(frames):
            part = bisect.bisect_right(self._starts, frames[at]) - 1
            start, stop = self._starts[part], self._starts[part + 1]
            end = at
            while end < len(frames) and start <= frames[end] < stop:
                end += 1
            with self._parts.borrow(part) as source:
                source.read([f - start for f in frames[at:end]], box, out[at:end])
            at = end

    def stored_chunk(self, frame: int) -> StoredChunk | None:
        """The stored bytes of one frame, where one chunk is one frame."""
        part = bisect.bisect_right(self._starts, frame) - 1
        with self._parts.borrow(part) as source:
            return source.stored_chunk(frame - self._starts[part])

    def visit_files(self) -> None:
        """Open every file once; LinkBroken and the like for one that cannot be."""
        broken = [n for n, part in enumerate(self._table) if part.problem]
        # One of the broken tells of all, and there may be thousands.
        self._parts.visit([n for n, part in enumerate(self._table) if not part.problem])
        self._parts.visit(broken[:1])

    def refresh(self) -> None:
        """Look again for missing files, and at the last one present."""
        self._survey()

    def close(self) -> None:
        """Close every file."""
        self._parts.close()
        self._files.close()

    def _survey(self) -> None:
        self._names = self._named()
        holder = self._found.file.path
        places = Places(LinkKind.EXTERNAL, holder, self._files.path_map, self._files.host)
        measured = [self._measured(n, places) for n in range(len(self._names))]
        present = [n for n, part in enumerate(measured) if not part.problem]
        if not present:
            self._parts.forget(0)
            with self._parts.borrow(0):
                pass
        full = max(measured[n].n_frames for n in present)
        self._table = [
            _Part(full, part.problem) if part.problem and n < present[-1] else part
            for n, part in enumerate(measured)
        ]
        self._starts = [0, *accumulate(part.n_frames for part in self._table)]

    def _named(self) -> list[str]:
        """Names of all data files, those that have no link included."""
        assert isinstance(self._found.node, h5py.Group)
        links = data_links(self._found.node)
        numbers = range(min(links), max(links) + 1)
        if len(numbers) > _MAX_NUMBERS * len(links):
            raise FileUnreadable(
                "the data files of this master are numbered with too many holes",
                found=f"{len(links)} links between {links[numbers[0]]} and {links[numbers[-1]]}",
                expected=f"one number in {_MAX_NUMBERS} at least",
                where=f"{self._found.file.path}:{self._found.address}",
                next_step="the master is damaged: open its data files one by one",
            )
        return [links.get(n, f"data_{n:06d}") for n in numbers]

    def _absent(self, n: int, places: Places) -> str:
        """Why a data file is not there; "" when that takes a closer look.

        An aborted series may leave thousands of links to files that were never written.
        """
        assert isinstance(self._found.node, h5py.Group)
        name, file = self._names[n], self._found.file
        link = None if n in self._parts else self._found.node.get(name, getlink=True)
        if not isinstance(link, h5py.ExternalLink):
            return ""
        target = places.find(link.filename)
        if target.path is not None:
            return ""
        address = f"{self._found.address}/{name}"
        return str(broken(LinkKind.EXTERNAL, link.filename, target, file.path, address))

    def _measured(self, n: int, places: Places) -> _Part:
        if absent := self._absent(n, places):
            return _Part(0, absent)
        try:
            with self._parts.borrow(n) as source:
                source.refresh()
                return _Part(source.shape[0], "")
        except (LinkBroken, FileUnreadable, OutsideFolders) as error:
            return _Part(0, str(error))

    def _open_part(self, n: int) -> FrameSource:
        files = self._files.another()
        address = f"{self._found.address}/{self._names[n]}"
        try:
            source = self._open_child(files, follow(files, self._found.file, address))
        except FramepathError:
            files.close()
            raise
        if self._dtype is None:
            self._frame_shape, self._dtype = source.shape[1:], source.dtype
        if source.shape[1:] != self._frame_shape or source.dtype != self._dtype:
            found = f"{source.dtype} {source.shape[1:]}"
            source.close()
            raise FileUnreadable(
                "a data file holds frames of another kind than the others",
                found=found,
                expected=f"{self._dtype} {self._frame_shape}",
                where=f"{self._found.file.path}:{address}",
                next_step="open that file on its own; it may belong to another series",
            )
        return source
