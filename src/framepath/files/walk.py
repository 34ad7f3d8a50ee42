"""Every link out of a file, read without following any."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import h5py

from framepath.files.follow import object_number
from framepath.spec.links import LinkKind


@dataclass(frozen=True, slots=True)
class WrittenLink:
    """A link as written: see `framepath.spec.links.Link`.

    ``needs`` is the smallest shape of a virtual source that has all that is mapped from it, ()
    where that is not known.
    """

    address: str
    kind: LinkKind
    target_file: str
    target_address: str
    needs: tuple[int, ...] = ()


def walk_links(file: h5py.File) -> Iterator[WrittenLink]:
    """External and soft links, sources of virtual datasets and raw external files of a file.

    Groups and datasets are visited once however many hard links they have; a virtual dataset that
    takes many pieces of one source counts that source once. Order: by name, depth first.
    """
    seen: set[int] = {object_number(file["/"])}
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
        for (file_name, source_address), needs in _sources(dataset).items():
            yield WrittenLink(address, LinkKind.VIRTUAL, file_name, source_address, needs)
    for file_name, _, _ in dataset.external or ():
        yield WrittenLink(address, LinkKind.RAW, file_name, "")


def _sources(dataset: h5py.Dataset) -> dict[tuple[str, str], tuple[int, ...]]:
    """Sources of a virtual dataset as written, with the shape each needs at least."""
    sources: dict[tuple[str, str], tuple[int, ...]] = {}
    for mapped in dataset.virtual_sources():
        name = (mapped.file_name, mapped.dset_name)
        whole = mapped.src_space.get_select_type() == h5py.h5s.SEL_ALL
        needs = _size(mapped.vspace) if whole else _extent(mapped.src_space)
        known = sources.get(name, needs)
        sources[name] = tuple(map(max, known, needs)) if known and needs else ()
    return sources


def _extent(space: h5py.h5s.SpaceID) -> tuple[int, ...]:
    """Smallest shape that holds a selection; () for one without end."""
    if not _ends(space):
        return ()
    return tuple(int(n) + 1 for n in space.get_select_bounds()[1])


def _size(space: h5py.h5s.SpaceID) -> tuple[int, ...]:
    """Shape of a selection that is one block; () for any other."""
    if space.get_select_type() == h5py.h5s.SEL_ALL:
        return tuple(space.get_simple_extent_dims())
    if not _ends(space):
        return ()
    low, high = space.get_select_bounds()
    size = tuple(int(b) - int(a) + 1 for a, b in zip(low, high, strict=True))
    return size if math.prod(size) == space.get_select_npoints() else ()


def _ends(space: h5py.h5s.SpaceID) -> bool:
    if space.get_select_type() != h5py.h5s.SEL_HYPERSLABS or not space.is_regular_hyperslab():
        return True
    _, _, counts, blocks = space.get_regular_hyperslab()
    return h5py.h5s.UNLIMITED not in (*counts, *blocks)
