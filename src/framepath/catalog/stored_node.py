"""What a group or dataset of an HDF5 file says of itself, without its pixels."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

from framepath.errors import FileUnreadable


def names_of(group: h5py.Group) -> list[str]:
    """Names in a group, links that lead nowhere among them."""
    return list(group)


def attributes_of(node: Any) -> dict[str, Any]:
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


def element_type(dataset: h5py.Dataset) -> np.dtype[Any]:
    """Type of an element as it is served: text becomes bytes as long as the longest.

    Raises
    ------
    FileUnreadable
        Compound, reference and variable-length numeric types, which plain arrays cannot hold.
    """
    dtype = dataset.dtype
    text = h5py.check_string_dtype(dtype) is not None and dtype.hasobject
    # HDF5 would follow a virtual dataset to wherever its sources lie.
    if text and not dataset.is_virtual:
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
    return dtype
