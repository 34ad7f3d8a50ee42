"""Every link out of a file, read without following any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import h5py

from framepath.files.follow import object_number
from framepath.spec.links import LinkKind


@dataclass(frozen=True, slots=True)
class WrittenLink:
    """A link as written: see `framepath.spec.links.Link`."""

    address: str
    kind: LinkKind
    target_file: str
    target_address: str


def walk_links(file: h5py.File) -> Iterator[WrittenLink]:
    """External and soft links, sources of virtual datasets and raw external files of a file.

    Groups and datasets are visited once however many hard links they have; a virtual dataset that
    takes many pieces of one source counts that source once. Order: by name, depth first.
    """
    seen: set[int] = set()
    groups: list[tuple[str, h5py.Group]] = [("", file)]
    while groups:
        at, group = groups.pop()
        below: list[tuple[str, h5py.Group]] = []
        for name in group:
            address = f"{at}/{name}"
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                yield WrittenLink(address, LinkKind.EXTERNAL, link.filename, link.path)
            elif isinstance(link, h5py.SoftLink):
                yield WrittenLink(address, LinkKind.SOFT, "", link.path)
            elif isinstance(link, h5py.HardLink):
                node = group[name]
                if object_number(node) in seen:
                    continue
                seen.add(object_number(node))
                if isinstance(node, h5py.Group):
                    below.append((address, node))
                elif isinstance(node, h5py.Dataset):
                    yield from _of_dataset(address, node)
        groups += below[::-1]


def _of_dataset(address: str, dataset: h5py.Dataset) -> Iterator[WrittenLink]:
    if dataset.is_virtual:
        sources = {(s.file_name, s.dset_name): None for s in dataset.virtual_sources()}
        for file_name, source_address in sources:
            yield WrittenLink(address, LinkKind.VIRTUAL, file_name, source_address)
    for file_name, _, _ in dataset.external or ():
        yield WrittenLink(address, LinkKind.RAW, file_name, "")
