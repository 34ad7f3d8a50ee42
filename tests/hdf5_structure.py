"""An HDF5 file as text: every object, type, extent, chunk, filter, fill value and attribute."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

UNEQUAL = {"timestamp", "stored", "hostname"}
"""Names whose values differ from run to run."""


def structure(path: Path, *, values: bool = True) -> str:
    """One line an object and attribute, in the order of names; with what they hold, or without."""
    with h5py.File(path) as file:
        lines = list(_lines(file, "", {}))
    return "\n".join(line if values else line.partition(" = ")[0] for line in lines) + "\n"


def _lines(group: h5py.Group, parent: str, seen: dict[Any, str]) -> Iterator[str]:
    yield from _attributes(group, parent or "/")
    for name in sorted(group):
        address, item = f"{parent}/{name}", group[name]
        key = h5py.h5o.get_info(item.id).addr
        if key in seen:
            yield f"{address} is {seen[key]}"
            continue
        seen[key] = address
        if isinstance(item, h5py.Group):
            yield f"{address} group"
            yield from _lines(item, address, seen)
        else:
            yield f"{address} {_dataset(item)}"
            yield from _attributes(item, address)


def _attributes(item: Any, address: str) -> Iterator[str]:
    for name in sorted(item.attrs):
        if name in UNEQUAL:
            yield f"{address} @{name} ..."
            continue
        stored, value = item.attrs.get_id(name), np.asarray(item.attrs[name]).tolist()
        yield f"{address} @{name} {_type(stored.get_type())} {stored.shape} = {value}"


def _dataset(item: h5py.Dataset) -> str:
    plist = item.id.get_create_plist()
    filters = [_filter(*plist.get_filter(i)[:3]) for i in range(plist.get_nfilters())]
    parts = [
        *(_type(item.id.get_type()), f"{item.shape} of {item.maxshape} chunk {item.chunks}"),
        f"fill {np.asarray(item.fillvalue).tolist()} alloc {plist.get_alloc_time()}",
        *([f"filters {filters}"] if filters else []),
        f"= {_values(item)}",
    ]
    return " ".join(parts)


def _filter(number: int, flags: int, options: tuple[int, ...]) -> tuple[object, ...]:
    # Plugins put their own version first.
    return number, flags, ("...", *options[2:]) if number >= 32000 else options


def _type(kind: h5py.h5t.TypeID) -> str:
    if isinstance(kind, h5py.h5t.TypeStringID):
        return f"string{kind.get_size()}/{kind.get_strpad()}/{kind.get_cset()}"
    if isinstance(kind, h5py.h5t.TypeCompoundID):
        names = (kind.get_member_name(i).decode() for i in range(kind.get_nmembers()))
        types = (_type(kind.get_member_type(i)) for i in range(kind.get_nmembers()))
        return "{" + ", ".join(f"{n} {t}" for n, t in zip(names, types, strict=True)) + "}"
    return kind.dtype.str


def _values(item: h5py.Dataset) -> str:
    if item.name.rsplit("/", 1)[-1] in UNEQUAL:
        return "..."
    values = item[()]
    if values.dtype.names:
        kept = [name for name in values.dtype.names if name not in UNEQUAL]
        return str([tuple(row[name].item() for name in kept) for row in values])
    if values.ndim > 2:
        return f"{values.ravel()[:: max(1, values.size // 8)].tolist()} of {values.size}"
    return str(values.tolist())
