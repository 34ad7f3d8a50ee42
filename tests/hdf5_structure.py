"""The structure of an HDF5 file as text, one object or attribute a line, for golden files.

Values are left out, except those of constant text attributes, which are part of a layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py


def structure(path: Path) -> str:
    """Groups, datasets (type, shape, maximum shape, chunk, filters), attributes and links."""
    with h5py.File(path) as file:
        seen: dict[int, str] = {}
        return "\n".join(_below(file, "", seen)) + "\n"


def _below(group: h5py.Group, path: str, seen: dict[int, str]) -> Iterator[str]:
    yield from _attributes(group, path or "/")
    for name in sorted(group):
        here = f"{path}/{name}"
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            yield f"{here} -> external {link.filename}:{link.path}"
            continue
        item = group[name]
        number = h5py.h5o.get_info(item.id).addr
        if number in seen:
            yield f"{here} -> {seen[number]}"
            continue
        seen[number] = here
        if isinstance(item, h5py.Group):
            yield f"{here}/"
            yield from _below(item, here, seen)
        else:
            yield f"{here} {_shown(item)}"
            yield from _attributes(item, here)


def _shown(dataset: h5py.Dataset) -> str:
    most = tuple("*" if n is None else n for n in dataset.maxshape)
    return f"{dataset.dtype.str} {dataset.shape} of {most} chunk {dataset.chunks}".replace("'", "")


def _attributes(item: h5py.HLObject, path: str) -> Iterator[str]:
    for name in sorted(item.attrs):
        if name == "hostname":
            yield f"{path} @hostname of this machine"
            continue
        value = item.attrs[name]
        # PV prefixes are random in tests.
        shown = isinstance(value, bytes) and b":cam1:" not in value
        text = f" = {value.decode()!r}" if shown else ""
        yield f"{path} @{name} {item.attrs.get_id(name).dtype.str}{text}"
