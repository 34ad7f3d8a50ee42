"""A whole HDF5 file, or a group of it, as a tree: for files that no run documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
from tiled.adapters.container import ContainerAdapter
from tiled.adapters.core import Adapter
from tiled.iterviews import ItemsView, KeysView, ValuesView
from tiled.structures.array import ArrayStructure, BuiltinDtype
from tiled.structures.container import ContainerStructure
from tiled.structures.core import Spec

from framepath.catalog.frames import FramesAdapter
from framepath.catalog.opener import Opener
from framepath.catalog.stored_node import attributes_of, element_type, names_of
from framepath.errors import FileUnreadable
from framepath.files.virtual_map import grows_with_sources, recorded_shape
from framepath.spec.documents import FRAME_STACK_SPEC


class GroupAdapter(ContainerAdapter[Any]):
    """One group: its members are opened when they are asked for, links followed by us.

    Parameters
    ----------
    path, address
        The file, and the group in it.
    keys
        Names in the group, links that lead nowhere among them.
    """

    def __init__(
        self,
        opener: Opener,
        path: str,
        address: str,
        keys: list[str],
        *,
        metadata: Any = None,
        specs: Any = None,
    ) -> None:
        super().__init__(ContainerStructure(keys=keys), metadata=metadata, specs=specs)
        self._opener = opener
        self._path = path
        self._address = address
        self._keys = keys

    @classmethod
    def open(
        cls, opener: Opener, path: str, address: str, *, metadata: Any = None, specs: Any = None
    ) -> Adapter[Any]:
        """The adapter of a group, or of a dataset, at an address.

        Raises
        ------
        FramepathError
            The file or a link on the way is missing, unreadable or outside the folders.
        """
        with opener.node(path, address) as node:
            attributes = {**attributes_of(node), **(metadata or {})}
            if isinstance(node, h5py.Group):
                return cls(opener, path, address, names_of(node), metadata=attributes, specs=specs)
            if isinstance(node, h5py.Dataset):
                shape = _shape_of(opener, path, address, node)
                return FramesAdapter(
                    opener,
                    [path],
                    address,
                    structure_of(node, shape),
                    metadata=attributes,
                    specs=_with_frames_spec(specs or [], shape),
                )
        raise FileUnreadable("a named type holds no data", where=f"{path}:{address}")

    def __getitem__(self, key: str) -> Adapter[Any]:
        if key not in self._keys:
            raise KeyError(key)
        return self.open(self._opener, self._path, f"{self._address.rstrip('/')}/{key}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    # Tiled slices keys(), values() and items() to make pages; plain mappings cannot be sliced.
    def keys(self) -> Any:
        """Names, sliceable."""
        return KeysView(lambda: len(self), self._page_of_keys)

    def values(self) -> Any:
        """Adapters, sliceable."""
        return ValuesView(lambda: len(self), self._page_of_items)

    def items(self) -> Any:
        """Names with adapters, sliceable."""
        return ItemsView(lambda: len(self), self._page_of_items)

    def _page_of_keys(
        self, start: int, stop: int | None, direction: int, page_size: int | None = None
    ) -> list[str]:
        return self._keys[::direction][start:stop]

    def _page_of_items(
        self, start: int, stop: int | None, direction: int, page_size: int | None = None
    ) -> list[tuple[str, Adapter[Any]]]:
        return [(key, self[key]) for key in self._page_of_keys(start, stop, direction)]

    def read(self, fields: Any = None) -> GroupAdapter:
        """The group itself: it holds no data of its own."""
        return self


def _shape_of(opener: Opener, path: str, address: str, dataset: h5py.Dataset) -> tuple[int, ...]:
    # HDF5 would open the sources of a virtual dataset, wherever they lie, to tell its shape.
    if not grows_with_sources(dataset):
        return recorded_shape(dataset)
    with opener.opened([path], address) as frames:
        return frames.shape


def structure_of(dataset: h5py.Dataset, shape: tuple[int, ...]) -> ArrayStructure:
    """How Tiled describes a dataset.

    Raises
    ------
    FileUnreadable
        Its elements have no plain array.
    """
    chunks = dataset.chunks or shape
    return ArrayStructure(
        data_type=BuiltinDtype.from_numpy_dtype(element_type(dataset)),
        shape=shape,
        chunks=tuple(_split(n, size) for n, size in zip(shape, chunks, strict=True)),
    )


def _split(n: int, size: int) -> tuple[int, ...]:
    whole, rest = divmod(n, max(1, size))
    return (size,) * whole + ((rest,) if rest else ()) or (0,)


def _with_frames_spec(specs: list[Spec], shape: tuple[int, ...]) -> list[Spec]:
    return [*specs, Spec(FRAME_STACK_SPEC, version="1")] if len(shape) >= 3 else specs
