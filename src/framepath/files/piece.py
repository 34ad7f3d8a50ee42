"""One mapping of a virtual dataset, ready to be read for any frames and any box of pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from framepath.errors import FileUnreadable
from framepath.files.source import Box, FrameSource, Pixels
from framepath.files.virtual_map import Mapping, Places, n_shared

Key = slice | np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Places of a virtual dataset, and the places of one source that fill them, in C order.

    Attributes
    ----------
    source, name
        Number of the source dataset, and its file and address for people.
    virtual, places
        Indices along each axis, ascending, of the virtual dataset and of the source.
        ``places`` is () where it is the whole of a source that was not opened yet.
    """

    source: int
    name: str
    virtual: tuple[Places, ...]
    places: tuple[Places, ...]

    @property
    def n_shared(self) -> int:
        """Axes at the end along which both hold equally many places: rows and columns at least.

        The axes before them, the frame axis among them, are matched by their running number.
        """
        return n_shared([len(p) for p in self.virtual], [len(p) for p in self.places])

    def fitted(self, source: FrameSource) -> Piece:
        """This piece for its source as opened.

        Raises
        ------
        FileUnreadable
            Rows and columns of the source are not those of the mapping, or too few.
        """
        piece = self
        if not self.places:
            piece = replace(self, places=tuple(range(n) for n in source.shape))
        sizes = zip(piece.places[1:], source.shape[1:], strict=False)
        fits = len(piece.places) == len(source.shape) and all(_end(p) <= n for p, n in sizes)
        if piece.n_shared < 2 or not fits:
            raise FileUnreadable(
                "a source of a virtual dataset has another shape than the mapping",
                found=source.shape,
                expected=f"at least {tuple(map(_end, self.places or self.virtual))}",
                where=self.name,
                next_step="framepath links names every source",
            )
        return piece

    @property
    def first(self) -> int:
        """First frame touched."""
        return self.virtual[0][0] if self.virtual[0] else 0

    @property
    def past(self) -> int:
        """Frame behind the last one touched."""
        return _end(self.virtual[0])

    def covers(self, frame_shape: tuple[int, ...]) -> bool:
        """Whether every pixel of a frame is mapped."""
        sizes = zip(self.virtual[1:], frame_shape, strict=True)
        return all(len(places) == size for places, size in sizes)

    def source_frame(self, frame: int) -> int:
        """Frame of the source for a frame of the virtual dataset, when frames map to frames."""
        return self.places[0][self.virtual[0].index(frame)]

    @property
    def frame_to_frame(self) -> bool:
        """Whether the frame axes correspond and the pixels are those of the source's frame."""
        same = len(self.virtual) == len(self.places) == self.n_shared + 1
        return same and self.virtual[1:] == self.places[1:]

    def read(self, source: FrameSource, frames: Sequence[int], box: Box, out: Pixels) -> None:
        """Fill the part of ``out`` (len(frames), *box) that this piece maps.

        Parameters
        ----------
        source
            The open source dataset.
        frames
            Frames of the virtual dataset, all touched by this piece.
        """
        overlaps = [_overlap(p, b) for p, b in zip(self.virtual[1:], box, strict=True)]
        if any(n == 0 for _, _, n in overlaps):
            return
        wanted: list[Key] = [
            np.array([self.virtual[0].index(f) for f in frames], np.intp),
            *(inside for inside, _, _ in overlaps),
        ]
        targets = (slice(None), *(into for _, into, _ in overlaps))
        lead, rows = self._lead_places(wanted), self._shared_places(wanted)
        boxes, picks = zip(*(_bounding(r) for r in rows), strict=True)
        plain = all(isinstance(key, slice) for key in (*targets, *picks))
        frames_only = len(lead) == 1 and len(wanted) == self.n_shared + 1
        if plain and frames_only and out.dtype == source.dtype:
            self._fetch(source, lead, boxes, out[targets])
            return
        pixels = np.empty((len(lead[0]), *(b.stop - b.start for b in boxes)), source.dtype)
        self._fetch(source, lead, boxes, pixels)
        for axis, pick in enumerate(picks, start=1):
            pixels = pixels[(slice(None),) * axis + (pick,)]
        shape = (len(frames), *(n for _, _, n in overlaps))
        out[_orthogonal(targets, out.shape)] = pixels.reshape(shape)

    def _fetch(self, source: FrameSource, lead: list[list[int]], boxes: Box, out: Pixels) -> None:
        """Read source indices ``lead`` (one list an axis before the shared ones) and a box."""
        frames, others = lead[0], lead[1:]
        if max(frames) >= source.shape[0]:
            raise self._too_short(source.shape[0], max(frames) + 1)
        if not others:
            source.read(frames, boxes, out)
            return
        for n, frame in enumerate(frames):
            single = tuple(slice(axis[n], axis[n] + 1) for axis in others)
            part = out[n : n + 1]
            source.read([frame], (*single, *boxes), part.reshape((1,) * len(lead) + part.shape[1:]))

    def _too_short(self, n_there: int, n_needed: int) -> FileUnreadable:
        return FileUnreadable(
            "a source of a virtual dataset holds fewer frames than are mapped from it",
            found=f"{n_there} frames",
            expected=f"at least {n_needed}",
            where=self.name,
            next_step="framepath links names every source; the file may be cut short",
        )

    def _lead_places(self, wanted: list[Key]) -> list[list[int]]:
        """Source indices along each axis before the shared ones, one a wanted combination."""
        virtual = self.virtual[: len(self.virtual) - self.n_shared]
        source = self.places[: len(self.places) - self.n_shared]
        positions = [np.arange(len(p))[key] for p, key in zip(virtual, wanted, strict=False)]
        numbers = np.ravel_multi_index(np.ix_(*positions), tuple(map(len, virtual))).ravel()
        n_there = math.prod(map(len, source))
        if numbers.max() >= n_there:
            raise self._too_short(n_there, int(numbers.max()) + 1)
        along = np.unravel_index(numbers, tuple(map(len, source)))
        return [[p[n] for n in a.tolist()] for p, a in zip(source, along, strict=True)]

    def _shared_places(self, wanted: list[Key]) -> list[Places]:
        keys = wanted[len(wanted) - self.n_shared :]
        source = self.places[len(self.places) - self.n_shared :]
        return [
            places[key] if isinstance(key, slice) else np.asarray(places)[key].tolist()
            for places, key in zip(source, keys, strict=True)
        ]


def make_piece(source: int, mapping: Mapping, source_shape: tuple[int, ...] | None) -> Piece:
    """Piece of a regular mapping.

    Parameters
    ----------
    source
        Number of the source dataset.
    source_shape
        Its shape, (frames, y, x) at least, which ends a selection that has no end of its own. None
        leaves it open: `Piece.fitted` then has to follow before anything is read.
    """
    virtual = [() if along.unlimited else along.places(0) for along in mapping.virtual]
    places: list[Places] = [range(n) for n in source_shape or ()]
    if mapping.source:
        sizes = (source_shape or (0,) * len(mapping.source))[-len(mapping.source) :]
        places = [along.places(n) for along, n in zip(mapping.source, sizes, strict=True)]
    axis = mapping.unlimited_axis
    if axis is not None:
        n_others = math.prod(len(p) for n, p in enumerate(virtual) if n != axis)
        n_along = math.prod(map(len, places)) // max(n_others, 1)
        virtual[axis] = mapping.virtual[axis].first(n_along)
    name = f"{mapping.file}:{mapping.address}"
    return Piece(source, name, _three(virtual), _three(places) if places else ())


def _end(places: Places) -> int:
    """One more than the last index."""
    return places[-1] + 1 if places else 0


def _three(places: list[Places]) -> tuple[Places, ...]:
    """At least three axes: an image is a stack of one frame."""
    return (*(range(1),) * (3 - len(places)), *places)


def _overlap(places: Places, wanted: slice) -> tuple[Key, Key, int]:
    """Where ``places`` fall into a slice: positions among them, positions in it, how many."""
    if isinstance(places, range) and places.step == 1:
        start, stop = max(places.start, wanted.start), min(places.stop, wanted.stop)
        n = max(stop - start, 0)
        inside = slice(start - places.start, start - places.start + n)
        return inside, slice(start - wanted.start, start - wanted.start + n), n
    array = np.asarray(places, np.intp)
    inside = np.flatnonzero((array >= wanted.start) & (array < wanted.stop))
    return inside, array[inside] - wanted.start, len(inside)


def _bounding(places: Places) -> tuple[slice, Key]:
    """The slice that holds all places, and the key that takes them from it."""
    low, high = places[0], places[-1]
    if isinstance(places, range) and places.step == 1:
        return slice(low, high + 1), slice(None)
    return slice(low, high + 1), np.asarray(places, np.intp) - low


def _orthogonal(keys: tuple[Key, ...], shape: tuple[int, ...]) -> Any:
    """A key that takes each axis on its own, as slices do, though some items are arrays."""
    if all(isinstance(key, slice) for key in keys):
        return keys
    return np.ix_(*(np.arange(n)[key] for key, n in zip(keys, shape, strict=True)))
