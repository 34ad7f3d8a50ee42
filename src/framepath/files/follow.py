"""Follow an HDF5 address through soft and external links ourselves, one component at a time.

HDF5 is only ever asked for hard links, so that no file is opened unchecked, a cycle is an error
and every failure can name the link, its target as written and where that was looked for.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
from h5py import h5o  # type: ignore[attr-defined]

from framepath.errors import FileMissing, FileUnreadable, LinkBroken, OutsideFolders
from framepath.files.opened import FileSet, OpenFile, hdf5_errors
from framepath.files.resolve import Target, find_target
from framepath.spec.links import LinkKind

MAX_LINKS = 64
"""Links on the way to one object; more is taken for a cycle."""

Node = h5py.Group | h5py.Dataset | h5py.Datatype


@dataclass(frozen=True, slots=True)
class Found:
    """An object, and the file that really holds it.

    ``address`` is where it stands in ``file``, ``asked`` the address that led there from the file
    first opened, ``links`` the links taken, each as ``file:address -> target``.
    """

    file: OpenFile
    node: Node
    address: str
    asked: str
    links: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[int, int, int]:
        """Device, inode and object number: equal for every way that leads to this object."""
        return (*self.file.identity, object_number(self.node))


def object_number(node: Node) -> int:
    """Address of an object's header in its file, which all its hard links share."""
    return h5o.get_info(node.id).addr


def hard_linked(file: h5py.File, address: str) -> Node | None:
    """The object at an absolute address if hard links alone lead to it, else None."""
    node: Node = file["/"]
    for name in components(address):
        if not isinstance(node, h5py.Group):
            return None
        if not isinstance(node.get(name, getlink=True), h5py.HardLink):
            return None
        node = node[name]
    return node if address.startswith("/") else None


def components(address: str) -> list[str]:
    """Link names of an address; HDF5 ignores empty ones and ``.``, and knows no ``..``."""
    return [name for name in address.split("/") if name not in ("", ".")]


def follow(files: FileSet, file: OpenFile, address: str) -> Found:
    """Find the object at an address of an open file.

    Raises
    ------
    LinkBroken
        A link on the way leads nowhere, or in a circle.
    FileUnreadable
        Nothing of that name is there, or HDF5 cannot open it.
    OutsideFolders
        A link leads out of the folders that may be read.
    """
    walk = _Walk(files, file)
    found = walk.to(address)
    if found is None:
        raise walk.absent()
    return found


def look_up(files: FileSet, file: OpenFile, address: str) -> Found | None:
    """As `follow`, but None when a name is missing before any link was taken."""
    walk = _Walk(files, file)
    found = walk.to(address)
    if found is None and walk.links:
        raise walk.absent()
    return found


class _Walk:
    """The state of one `follow`: where it stands, and which links it took."""

    def __init__(self, files: FileSet, file: OpenFile) -> None:
        self.files = files
        self.file = file
        self.node: Node = file.h5["/"]
        self.at: list[str] = []
        self.links: list[str] = []
        self.missing = ""

    def to(self, address: str) -> Found | None:
        todo = components(address)[::-1]
        while todo:
            name = todo.pop()
            link = self._link(name)
            if link is None:
                self.missing = name
                return None
            if isinstance(link, h5py.SoftLink):
                self._note(name, link.path)
                if link.path.startswith("/"):
                    self._go_root(self.file)
                todo += components(link.path)[::-1]
            elif isinstance(link, h5py.ExternalLink):
                self._note(name, f"{link.filename}:{link.path}")
                self._leave(name, link)
                todo += components(link.path)[::-1]
            else:
                self._step(name)
        asked = "/" + "/".join(components(address))
        return Found(self.file, self.node, self._address(), asked, tuple(self.links))

    def _address(self, name: str | None = None) -> str:
        return "/" + "/".join(self.at if name is None else [*self.at, name])

    def _link(self, name: str) -> Any:
        """h5py's HardLink, SoftLink or ExternalLink; None when there is no such name."""
        if not isinstance(self.node, h5py.Group):
            return None
        with hdf5_errors(f"{self.file.path}:{self._address(name)}"):
            return self.node.get(name, getlink=True)

    def absent(self) -> FileUnreadable | LinkBroken:
        """The error for the name that `to` did not find."""
        name, node = self.missing, self.node
        there = _listed(node) if isinstance(node, h5py.Group) else "a dataset, not a group"
        where = f"{self.file.path}:{self._address(name)}"
        if self.links:
            return LinkBroken(
                "a link leads to an object that is not there",
                found=f"in {self._address()}: {there}",
                expected=f"{name!r}, asked for by {self.links[-1]}",
                where=where,
                next_step="framepath links lists where every link of a file leads",
            )
        return FileUnreadable(
            "nothing is stored at this address",
            found=f"in {self._address()}: {there}",
            where=where,
            next_step="choose one of the names found",
        )

    def _note(self, name: str, target: str) -> None:
        link = f"{self.file.path}:{self._address(name)} -> {target}"
        if link in self.links or len(self.links) >= MAX_LINKS:
            raise LinkBroken(
                "links lead in a circle",
                found=" ; ".join([*self.links[-3:], link]),
                where=f"{self.file.path}:{self._address(name)}",
                next_step="correct one of these links: framepath links --repair",
            )
        self.links.append(link)

    def _go_root(self, file: OpenFile) -> None:
        self.file, self.node, self.at = file, file.h5["/"], []

    def _leave(self, name: str, link: h5py.ExternalLink) -> None:
        address = self._address(name)
        self._go_root(open_target(self.files, LinkKind.EXTERNAL, link.filename, self.file, address))

    def _step(self, name: str) -> None:
        assert isinstance(self.node, h5py.Group)
        with hdf5_errors(f"{self.file.path}:{self._address(name)}"):
            self.node = self.node[name]
        self.at.append(name)


def open_target(
    files: FileSet, kind: LinkKind, written: str, holder: OpenFile, address: str
) -> OpenFile:
    """Open the file that a link at ``address`` of ``holder`` names.

    Raises
    ------
    LinkBroken
        No such file at any place where it is looked for; or it went away meanwhile.
    FileUnreadable, OutsideFolders
        The file is there and cannot be read.
    """
    target = find_target(kind, written, holder.path, files.path_map, files.host)
    if target.path is None:
        raise broken(kind, written, target, holder.path, address)
    try:
        return files.open(target.path)
    except FileMissing as error:
        raise broken(kind, written, target, holder.path, address) from error
    except OutsideFolders as error:
        raise leads_out(kind, written, holder.path, address, error) from error


def leads_out(
    kind: LinkKind, written: str, holder: Path, address: str, error: OutsideFolders
) -> OutsideFolders:
    """The error for a link whose file may not be read, which names the link."""
    return OutsideFolders(
        f"this {kind} leads out of the folders, to what may not be read",
        found=f"target {written!r}: {error.found or error.summary}",
        expected=error.expected,
        where=f"{holder}:{address}",
        next_step="move its target into one of the folders, or remove the link",
    )


def broken(kind: LinkKind, written: str, target: Target, holder: Path, address: str) -> LinkBroken:
    """The error for a link whose file was not found."""
    return LinkBroken(
        f"the file of this {kind} does not exist",
        found=f"target {written!r}; looked for {', '.join(map(str, target.tried)) or 'nothing'}",
        where=f"{holder}:{address}",
        next_step=f"framepath links {shlex.quote(str(holder))} shows all; --map and --repair help",
    )


def _listed(group: h5py.Group, limit: int = 12) -> str:
    def names() -> Iterator[str]:
        for n, name in enumerate(group):
            if n == limit:
                yield f"... ({len(group)} names)"
                return
            yield repr(name)

    return ", ".join(names()) or "nothing"
