"""List the links of a file: as written, where each leads, and what is wrong with it.

``h5py``'s ``visit`` shows none of these. The file is walked without following anything; targets
are then found by libhdf5's rules and opened one at a time, each once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import h5py

from framepath.config.paths import PathMap
from framepath.errors import FileMissing, FileUnreadable, FramepathError, LinkBroken, OutsideFolders
from framepath.files.containment import Folders
from framepath.files.follow import Found, look_up
from framepath.files.opened import FileSet, OpenFile, hdf5_errors
from framepath.files.resolve import PREFIX_VARIABLES, Places, Target, beside
from framepath.files.virtual_circle import leads_back
from framepath.files.virtual_map import recorded_shape, source_names
from framepath.files.walk import WrittenLink, walk_links
from framepath.spec.links import Link, LinkKind, LinkRule


def list_links(
    path: str | os.PathLike[str],
    path_map: tuple[PathMap, ...] = (),
    *,
    folders: Folders | None = None,
) -> list[Link]:
    """Every external link, soft link, virtual source and raw external file of a file.

    Parameters
    ----------
    path
        The HDF5 file; its targets' own links are followed, not listed.
    path_map
        Other hosts' spellings of folders.
    folders
        Folders that may be read: a target outside is reported, and not opened.

    Returns
    -------
    One for each link, and one for each pair of a virtual dataset and a source of it, in the order
    of addresses, depth first.

    Raises
    ------
    FileMissing, FileUnreadable, OutsideFolders
        The file itself cannot be opened.
    """
    with FileSet(folders, path_map) as files, hdf5_errors(path):
        file = files.open(path)
        written = list(walk_links(file.h5))
        targets = _targets(files, file, written)
        facts = _facts(files, file, written, targets)
        return [
            _link(file, link, target, facts[_key(link, target)])
            for link, target in zip(written, targets, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What opening one target shows; ``problem`` is "" when all is well."""

    readable: bool
    object_exists: bool | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    problem: str = ""


_Key = tuple[Path | None, LinkKind, str]


def _key(link: WrittenLink, target: Target) -> _Key:
    """What makes two links the same for `_facts`; a soft link is its own target."""
    address = link.address if link.kind is LinkKind.SOFT else link.target_address
    # A virtual source is judged together with the dataset that maps it, which it may lead back to.
    if link.kind is LinkKind.VIRTUAL:
        address = f"{link.address}\0{address}"
    return target.path, link.kind, address


def _targets(files: FileSet, file: OpenFile, written: Iterable[WrittenLink]) -> list[Target]:
    places = {
        kind: Places(kind, file.path, files.path_map, files.host) for kind in PREFIX_VARIABLES
    }
    here = Target(file.path, LinkRule.SAME_FILE, ())
    return [
        here if link.kind is LinkKind.SOFT else places[link.kind].find(_first_names(link)[0])
        for link in written
    ]


def _first_names(link: WrittenLink) -> tuple[str, str]:
    """File and address to look at; of a virtual source with numbered names, the first."""
    if link.kind is LinkKind.SOFT:
        return "", link.address
    if link.kind is LinkKind.VIRTUAL:
        return next(source_names(link.target_file)), next(source_names(link.target_address))
    return link.target_file, link.target_address


def _facts(
    files: FileSet, file: OpenFile, written: Iterable[WrittenLink], targets: Iterable[Target]
) -> dict[_Key, _Facts]:
    """Facts of every target, one file after the other."""
    links = {_key(link, target): link for link, target in zip(written, targets, strict=True)}
    by_file: dict[Path | None, list[_Key]] = {}
    for key in links:
        by_file.setdefault(key[0], []).append(key)
    facts: dict[_Key, _Facts] = {}
    for path, keys in by_file.items():
        with files.another() as own:
            for key in keys:
                facts[key] = _fact(own, file, links[key], path)
    return facts


def _fact(files: FileSet, holder: OpenFile, link: WrittenLink, path: Path | None) -> _Facts:
    if path is None:
        return _Facts(readable=False)
    try:
        if link.kind is LinkKind.RAW:
            return _raw_fact(files, path)
        file = files.open(path)
    except (FileMissing, FileUnreadable, OutsideFolders) as error:
        return _Facts(readable=False, problem=str(error))
    try:
        found = look_up(files, file, _first_names(link)[1])
        if found is None:
            return _Facts(readable=True, object_exists=False, problem="nothing is stored there")
        facts = _of(found)
        if link.kind is LinkKind.VIRTUAL and leads_back(files, holder, link.address, found):
            return replace(facts, problem="this virtual dataset includes itself")
    except FramepathError as error:
        exists = False if isinstance(error, LinkBroken) else None
        return _Facts(readable=True, object_exists=exists, problem=str(error))
    return facts


def _raw_fact(files: FileSet, path: Path) -> _Facts:
    real = files.real(path)
    if not os.access(real, os.R_OK):
        return _Facts(readable=False, problem=f"{real} may not be read")
    return _Facts(readable=True)


def _of(found: Found) -> _Facts:
    if not isinstance(found.node, h5py.Dataset):
        return _Facts(readable=True, object_exists=True)
    try:
        dtype = str(found.node.dtype)
    except TypeError:  # times and the like, which numpy has no type for
        dtype = None
    shape = recorded_shape(found.node)
    return _Facts(readable=True, object_exists=True, shape=shape, dtype=dtype)


def _link(file: OpenFile, link: WrittenLink, target: Target, facts: _Facts) -> Link:
    return Link(
        file=str(file.path),
        address=link.address,
        kind=link.kind,
        target_file=link.target_file,
        target_address=link.target_address,
        resolved="" if target.path is None else os.path.realpath(target.path),
        rule=target.rule,
        exists=target.path is not None,
        readable=facts.readable,
        object_exists=facts.object_exists,
        shape=facts.shape,
        dtype=facts.dtype,
        problem=_problem(file, link, target, facts),
    )


def _problem(file: OpenFile, link: WrittenLink, target: Target, facts: _Facts) -> str:
    if target.path is None:
        looked = ", ".join(map(str, target.tried)) or "nowhere: the name is empty"
        near = beside(link.target_file, file.path)
        hint = f"; {near.name} lies beside this file: --repair sets the link to it" if near else ""
        return f"no such file; looked for {looked}{hint}"
    if facts.problem:
        return facts.problem
    if target.rule is LinkRule.WORKING and link.kind is not LinkKind.RAW:
        return f"found only in the working directory: {target.path}; it breaks when read elsewhere"
    if facts.shape is not None and len(facts.shape) == len(link.needs):
        short = any(n < needed for n, needed in zip(facts.shape, link.needs, strict=True))
        if short:
            return f"{link.needs} is mapped from it, and it has only {facts.shape}"
    return ""
