"""The mappings of a virtual dataset, read from its properties: HDF5 opens no source for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, takewhile

import h5py

_UNLIMITED = h5py.h5s.UNLIMITED

Places = Sequence[int]
"""Indices along one axis: a range wherever the selection is regular enough."""


@dataclass(frozen=True, slots=True)
class Along:
    """A regular selection along one axis: ``count`` blocks of ``block``, ``stride`` apart.

    ``count`` or ``block`` may be h5py's UNLIMITED; see `places`.
    """

    start: int
    stride: int
    count: int
    block: int

    @property
    def unlimited(self) -> bool:
        """Whether the selection goes on as far as the axis does."""
        return _UNLIMITED in (self.count, self.block)

    @property
    def n_places(self) -> int | None:
        """How many indices; None without an end."""
        return None if self.unlimited else self.count * self.block

    def first(self, n: int) -> Places:
        """The first ``n`` indices of a selection without an end."""
        if self.block == _UNLIMITED:
            return range(self.start, self.start + n)
        blocks = -(-n // self.block)
        return Along(self.start, self.stride, blocks, self.block).places(0)[:n]

    def places(self, size: int) -> Places:
        """The indices selected, below ``size`` where the selection has no end of its own."""
        if self.block == _UNLIMITED or (self.count == _UNLIMITED and self.stride == self.block):
            return range(self.start, max(size, self.start))
        if self.count == _UNLIMITED:
            starts = range(self.start, size, self.stride)
            return [p for s in starts for p in range(s, s + self.block) if p < size]
        if self.count == 1 or self.stride == self.block:
            return range(self.start, self.start + self.count * self.block)
        if self.block == 1:
            return range(self.start, self.start + self.count * self.stride, self.stride)
        starts = range(self.start, self.start + self.count * self.stride, self.stride)
        return [p for s in starts for p in range(s, s + self.block)]


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapping: ``virtual`` places take the elements of ``source`` places, both in C order.

    ``file`` and ``address`` name the source dataset as written; ``virtual`` and ``source`` hold
    one selection an axis, ``source`` none at all where it is the whole of a source whose shape the
    mapping does not tell.
    """

    file: str
    address: str
    virtual: tuple[Along, ...]
    source: tuple[Along, ...]

    @property
    def unlimited_axis(self) -> int | None:
        """Axis of the virtual dataset along which this mapping has no end."""
        return next((n for n, along in enumerate(self.virtual) if along.unlimited), None)

    @property
    def numbered(self) -> bool:
        """Whether the names hold ``%b``, one source a block of the virtual selection."""
        return "%b" in _unescaped(self.file) or "%b" in _unescaped(self.address)

    @property
    def regular(self) -> bool:
        """Whether rows and columns of a frame are rows and columns of the source."""
        sizes = [along.n_places for along in self.source]
        return self.source == () or n_shared([a.n_places for a in self.virtual], sizes) >= 2

    def block(self, number: int) -> Mapping:
        """Mapping of one block of a `numbered` one; with plain names where it is not."""
        axis = self.unlimited_axis if self.numbered else None
        virtual = list(self.virtual)
        if axis is not None:
            a = virtual[axis]
            virtual[axis] = Along(a.start + number * a.stride, a.stride, 1, a.block)
        names = (_numbered(self.file, number), _numbered(self.address, number))
        return Mapping(*names, tuple(virtual), self.source)


def read_mappings(dataset: h5py.Dataset) -> list[Mapping] | None:
    """The mappings of a virtual dataset; None when one is too irregular to be read apart."""
    mappings: list[Mapping] = []
    for written in dataset.virtual_sources():
        virtual, source = _selection(written.vspace), _selection(written.src_space)
        if virtual is None or source is None:
            return None
        mapping = Mapping(written.file_name, written.dset_name, virtual, source)
        if not mapping.regular:
            return None
        mappings.append(mapping if mapping.numbered else mapping.block(0))
    return mappings


def n_shared(virtual: Sequence[int | None], source: Sequence[int | None]) -> int:
    """Axes at the end, never the first, along which two selections hold equally many places.

    An image (y, x) counts as a stack (1, y, x); None, a selection without end, equals nothing.
    """
    virtual, source = (*(1,) * (3 - len(virtual)), *virtual), (*(1,) * (3 - len(source)), *source)
    pairs = zip(virtual[:0:-1], source[:0:-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] is not None and pair[0] == pair[1], pairs))


def recorded_shape(dataset: h5py.Dataset) -> tuple[int, ...]:
    """Shape of a dataset without letting HDF5 open a virtual dataset's sources.

    Axes of a virtual dataset that grow with its sources have the size recorded when it was made.
    """
    if dataset.is_virtual:
        for written in dataset.virtual_sources():
            return tuple(written.vspace.get_simple_extent_dims())
    return dataset.shape or ()


def grows_with_sources(dataset: h5py.Dataset) -> bool:
    """Whether the shape of a virtual dataset is that of its sources, not the one recorded."""
    mappings = read_mappings(dataset) if dataset.is_virtual else None
    return any(mapping.unlimited_axis is not None for mapping in mappings or ())


def _selection(space: h5py.h5s.SpaceID) -> tuple[Along, ...] | None:
    kind = space.get_select_type()
    if kind == h5py.h5s.SEL_ALL:
        return tuple(Along(0, 1, 1, n) for n in space.get_simple_extent_dims())
    if kind != h5py.h5s.SEL_HYPERSLABS or not space.is_regular_hyperslab():
        return None
    return tuple(Along(*map(int, a)) for a in zip(*space.get_regular_hyperslab(), strict=True))


def source_names(written: str) -> Iterator[str]:
    """The names that the text of a mapping stands for: one, or with ``%b`` one after the other."""
    for number in count():
        yield _numbered(written, number)
        if "%b" not in _unescaped(written):
            return


def _numbered(name: str, number: int) -> str:
    return _unescaped(name).replace("%b", str(number)).replace("\0", "%")


def _unescaped(name: str) -> str:
    """libhdf5 writes a plain per cent sign as two; here it becomes a NUL, which no name holds."""
    return name.replace("%%", "\0")
