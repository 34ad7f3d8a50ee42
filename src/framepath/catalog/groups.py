"""A whole HDF5 file, or a group of it, as a tree: for files that no run documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from tiled.adapters.container import ContainerAdapter
from tiled.adapters.core import Adapter
from tiled.iterviews import ItemsView, KeysView, ValuesView
from tiled.structures.array import ArrayStructure, BuiltinDtype
from tiled.structures.container import ContainerStructure
from tiled.structures.core import Spec

from framepath.catalog.frames import FramesAdapter
from framepath.catalog.opener import Opener
from framepath.errors import FileUnreadable
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
            attributes = {**plain_attributes(node), **(metadata or {})}
            if isinstance(node, h5py.Group):
                return cls(opener, path, address, list(node), metadata=attributes, specs=specs)
            if isinstance(node, h5py.Dataset):
                return FramesAdapter(
                    opener,
                    [path],
                    address,
                    structure_of(node),
                    metadata=attributes,
                    specs=_with_frames_spec(specs or [], node),
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


def structure_of(dataset: h5py.Dataset) -> ArrayStructure:
    """How Tiled describes a dataset; text becomes fixed-length bytes, as it is served.

    Raises
    ------
    FileUnreadable
        Compound, reference and variable-length numeric types, which Tiled's arrays cannot hold.
    """
    dtype = dataset.dtype
    if h5py.check_string_dtype(dtype) is not None and dtype.hasobject:
        longest = np.asarray(dataset[()], dtype=bytes).dtype.itemsize if dataset.size else 1
        dtype = np.dtype(f"S{max(1, longest)}")
    if dtype.hasobject or dtype.fields is not None or dtype.subdtype is not None:
        raise FileUnreadable(
            "this element type has no plain array",
            found=dataset.dtype,
            expected="numbers or text",
            where=f"{dataset.file.filename}:{dataset.name}",
            next_step="read it with h5py",
        )
    shape = dataset.shape or ()
    chunks = dataset.chunks or shape
    return ArrayStructure(
        data_type=BuiltinDtype.from_numpy_dtype(dtype),
        shape=shape,
        chunks=tuple(_split(n, size) for n, size in zip(shape, chunks, strict=True)),
    )


def _split(n: int, size: int) -> tuple[int, ...]:
    whole, rest = divmod(n, max(1, size))
    return (size,) * whole + ((rest,) if rest else ()) or (0,)


def _with_frames_spec(specs: list[Spec], dataset: h5py.Dataset) -> list[Spec]:
    return [*specs, Spec(FRAME_STACK_SPEC, version="1")] if dataset.ndim >= 3 else specs


def plain_attributes(node: Any) -> dict[str, Any]:
    """HDF5 attributes that JSON can hold; arrays of up to 32 elements, text decoded."""
    found: dict[str, Any] = {}
    for name, value in node.attrs.items():
        if isinstance(value, h5py.Empty | h5py.Reference) or np.size(value) > 32:
            continue
        plain = np.asarray(value)
        if plain.dtype.kind == "S":
            plain = np.char.decode(plain, "utf-8", "replace")
        if plain.dtype.kind in "biufU" or all(isinstance(v, str) for v in plain.ravel()):
            found[name] = plain.tolist()
    return found
