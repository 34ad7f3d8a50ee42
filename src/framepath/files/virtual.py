"""Frames of a virtual dataset, read from its sources one by one.

libhdf5 returns fill values for a source that is missing or too short, follows mappings out of any
folder, and crashes on a dataset that includes itself. Here a frame whose source is not there is an
error. Pixels of a frame that no mapping touches, such as gaps between modules, have the dataset's
fill value, as its maker meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import h5py
import numpy as np

from framepath.errors import FileUnreadable, FramepathError
from framepath.files.follow import Found, broken, follow, look_up, open_target
from framepath.files.opened import FileSet
from framepath.files.parts import Parts
from framepath.files.piece import Piece, make_piece
from framepath.files.resolve import SAME_FILE, Target, find_target
from framepath.files.source import Box, FrameSource, Gap, Pixels, StoredChunk
from framepath.files.virtual_map import Mapping, recorded_shape
from framepath.spec.links import LinkKind

OpenChild = Callable[[FileSet, Found], FrameSource]


class VirtualFrames:
    """Frames of one virtual dataset.

    Parameters
    ----------
    files
        What is open; closed with the source.
    found
        The virtual dataset.
    mappings
        All regular: `read_mappings`.
    open_child
        Opens one source dataset.

    Raises
    ------
    LinkBroken, FileUnreadable, OutsideFolders
        A source that has to tell the shape cannot be opened.
    """

    def __init__(
        self, files: FileSet, found: Found, mappings: list[Mapping], open_child: OpenChild
    ) -> None:
        assert isinstance(found.node, h5py.Dataset)
        self._mappings = mappings
        self.kind = "virtual dataset"
        self._files = files
        self._found = found
        self._dataset = found.node
        self._open_child = open_child
        self._numbers: dict[tuple[str, str], int] = {}
        self._names: list[tuple[str, str]] = []
        self._parts = Parts(self._open_source)
        try:
            self._survey()
        except FramepathError:
            self._parts.close()
            raise

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, y, x, ...) as mapped; axes without end reach as far as the sources do."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a pixel."""
        return self._dataset.dtype

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Frames whose source file is missing."""
        found: list[Gap] = []
        missing: dict[int, str] = {}
        for piece in self._pieces:
            if piece.source not in missing:
                missing[piece.source] = self._missing(piece.source)
            if missing[piece.source]:
                found.append(Gap(piece.first, piece.past, missing[piece.source]))
        return tuple(found)

    def read(self, frames: Sequence[int], box: Box, out: Pixels) -> None:
        """Fill ``out`` (len(frames), *box)."""
        at = 0
        while at < len(frames):
            owners = self._owners(frames[at])
            end = at + 1
            while end < len(frames) and self._owners(frames[end]) == owners:
                end += 1
            self._read_from(owners, frames[at:end], box, out[at:end])
            at = end

    def stored_chunk(self, frame: int) -> StoredChunk | None:
        """The stored bytes of one frame where one mapping takes a source's whole frame for it."""
        owners = self._owners(frame)
        with self._opened(owners[0]) as (piece, source):
            same = source.shape[1:] == self._shape[1:] and source.dtype == self.dtype
            if len(owners) == 1 and same and piece.frame_to_frame:
                return source.stored_chunk(piece.source_frame(frame))
        return None

    def visit_files(self) -> None:
        """Open every file once; LinkBroken and the like for one that cannot be."""
        self._parts.visit(range(len(self._names)))

    def refresh(self) -> None:
        """Look again how far sources without end reach."""
        if any(m.unlimited_axis is not None for m in self._mappings):
            self._survey()

    def close(self) -> None:
        """Close every file."""
        self._parts.close()
        self._files.close()

    def _survey(self) -> None:
        for number in range(len(self._names)):
            self._parts.forget(number)
        self._pieces: list[Piece] = []
        shape = list(recorded_shape(self._dataset))
        for mapping in self._mappings:
            pieces = [self._piece(block) for block in self._blocks(mapping)]
            axis = mapping.unlimited_axis
            if axis is not None:
                ends = [max(p.virtual[axis], default=-1) + 1 for p in pieces]
                shape[axis] = max(ends, default=0)
            self._pieces += pieces
        self._shape = (*(1,) * (3 - len(shape)), *shape)
        self._frame_owners: dict[int, list[int]] = {}
        for n, piece in enumerate(self._pieces):
            for frame in piece.virtual[0]:
                self._frame_owners.setdefault(frame, []).append(n)

    def _blocks(self, mapping: Mapping) -> Iterator[Mapping]:
        """The mapping itself; of a numbered one every block up to the first without a source."""
        if not mapping.numbered or mapping.unlimited_axis is None:
            yield mapping.block(0)
            return
        for number in count():
            block = mapping.block(number)
            if not self._exists(block):
                return
            yield block

    def _exists(self, mapping: Mapping) -> bool:
        target = self._target(mapping.file)
        if target.path is None:
            return False
        with self._files.another() as files:
            return look_up(files, files.open(target.path), mapping.address) is not None

    def _piece(self, mapping: Mapping) -> Piece:
        name = (mapping.file, mapping.address)
        if name not in self._numbers:
            self._numbers[name] = len(self._names)
            self._names.append(name)
        number = self._numbers[name]
        unlimited = any(along.unlimited for along in mapping.source)
        if not unlimited and mapping.unlimited_axis is None:
            return make_piece(number, mapping, None)
        with self._parts.borrow(number) as source:
            return make_piece(number, mapping, source.shape)

    def _target(self, file: str) -> Target:
        holder = self._found.file.path
        return find_target(LinkKind.VIRTUAL, file, holder, self._files.path_map, self._files.host)

    def _missing(self, number: int) -> str:
        """Why a source cannot be read, as far as its file's name tells; "" when it is there."""
        file, _ = self._names[number]
        target = self._target(file)
        if target.path is not None:
            return ""
        holder = self._found.file.path
        return str(broken(LinkKind.VIRTUAL, file, target, holder, self._found.address))

    def _open_source(self, number: int) -> FrameSource:
        file, address = self._names[number]
        files = self._files.another()
        holder = self._found.file
        try:
            if file != SAME_FILE:
                holder = open_target(files, LinkKind.VIRTUAL, file, holder, self._found.address)
            return self._open_child(files, follow(files, holder, address))
        except FramepathError:
            files.close()
            raise

    def _owners(self, frame: int) -> list[int]:
        try:
            return self._frame_owners[frame]
        except KeyError:
            raise FileUnreadable(
                f"no source is mapped to frame {frame} of this virtual dataset",
                where=f"{self._found.file.path}:{self._found.address}",
                next_step="read the frames around it",
            ) from None

    def _read_from(self, owners: list[int], frames: Sequence[int], box: Box, out: Pixels) -> None:
        if not any(self._pieces[n].covers(self._shape[1:]) for n in owners):
            out[...] = self._dataset.fillvalue
        for number in owners:
            with self._opened(number) as (piece, source):
                if not np.can_cast(source.dtype, self.dtype):
                    raise FileUnreadable(
                        "a source of this virtual dataset holds larger numbers than the dataset",
                        found=source.dtype,
                        expected=self.dtype,
                        where=f"{self._found.file.path}:{self._found.address}",
                        next_step=f"read {piece.name} itself",
                    )
                piece.read(source, frames, box, out)

    @contextmanager
    def _opened(self, number: int) -> Iterator[tuple[Piece, FrameSource]]:
        """A piece fitted to its source, and that source."""
        with self._parts.borrow(self._pieces[number].source) as source:
            yield self._pieces[number].fitted(source), source
