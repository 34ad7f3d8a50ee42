"""Where a link's target file is looked for: libhdf5's own rules, without opening anything.

External links and VDS sources (``H5F_prefix_open_file`` of libhdf5): the name as written when it
is absolute, and after that only its last component; then the folders of the environment variable;
then beside the file as it was opened; then the working directory; then beside its real path. Raw
external files (``H5D__efl_read``): absolute, else below the environment variable's folder, else in
the working directory. The first file of the name counts, whether or not it can be read. Path maps
come before all of these.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from framepath.config.paths import Host, PathMap, translated
from framepath.spec.links import LinkKind, LinkRule

SAME_FILE = "."
"""File name of a virtual source in the very file that holds the mapping."""

PREFIX_VARIABLES = {
    LinkKind.EXTERNAL: "HDF5_EXT_PREFIX",
    LinkKind.VIRTUAL: "HDF5_VDS_PREFIX",
    LinkKind.RAW: "HDF5_EXTFILE_PREFIX",
}


@dataclass(frozen=True, slots=True)
class Target:
    """The file a link leads to.

    Attributes
    ----------
    path
        Path to open; None when no such file was found.
    rule
        Rule that gave it; NONE when it was not found.
    tried
        Every path looked at, in order.
    """

    path: Path | None
    rule: LinkRule
    tried: tuple[Path, ...]


class Places:
    """Where the targets of one file's links are looked for; asked once, however many links.

    Parameters
    ----------
    kind
        External link, virtual source or raw external file.
    holder
        Absolute path by which the file that holds the links was opened.
    path_map, host
        Other hosts' spellings, and whose spelling this process can open.
    """

    def __init__(
        self, kind: LinkKind, holder: Path, path_map: tuple[PathMap, ...] = (), host: Host = "here"
    ) -> None:
        self._kind = kind
        self._holder = holder
        self._path_map = path_map
        self._host: Host = host
        beside = os.fspath(holder.parent)
        real = os.path.dirname(os.path.realpath(holder))  # noqa: PTH120 - thousands of links
        working, prefixes = str(Path.cwd()), os.environ.get(PREFIX_VARIABLES[kind], "")
        self._folders: list[tuple[str, LinkRule]]
        if kind is LinkKind.RAW:
            folder = prefixes.replace("${ORIGIN}", beside)
            rule = LinkRule.PREFIX if folder else LinkRule.WORKING
            self._folders = [(os.path.join(working, folder), rule)]  # noqa: PTH118
            return
        self._folders = [
            *((os.path.join(working, f), LinkRule.PREFIX) for f in prefixes.split(os.pathsep) if f),  # noqa: PTH118
            (beside, LinkRule.BESIDE),
            (working, LinkRule.WORKING),
            (real, LinkRule.BESIDE),
        ]

    def find(self, written: str) -> Target:
        """Find the file that a link names, as the link spells it."""
        if self._kind is LinkKind.VIRTUAL and written == SAME_FILE:
            return Target(self._holder, LinkRule.SAME_FILE, (self._holder,))
        tried: dict[Path, None] = {}
        for name, rule in self._candidates(written):
            path = Path(name)
            if path in tried:
                continue
            tried[path] = None
            if os.path.isfile(name):  # noqa: PTH113 - Path.is_file raises for a name too long
                return Target(path, rule, tuple(tried))
        return Target(None, LinkRule.NONE, tuple(tried))

    def _candidates(self, written: str) -> Iterator[tuple[str, LinkRule]]:
        if "\0" in written or not written:
            return
        mapped = translated(written, self._path_map, self._host)
        if mapped is not None:
            yield mapped, LinkRule.MAPPED
        name = written
        if name.startswith("/"):
            yield name, LinkRule.ABSOLUTE
            if self._kind is LinkKind.RAW:
                return
            name = Path(name).name
        for folder, rule in self._folders:
            yield f"{folder}/{name}", rule


def find_target(
    kind: LinkKind,
    written: str,
    holder: Path,
    path_map: tuple[PathMap, ...] = (),
    host: Host = "here",
) -> Target:
    """Find the file that one link names; see `Places`."""
    return Places(kind, holder, path_map, host).find(written)


def beside(written: str, holder: Path) -> Path | None:
    """A file of the target's last name beside the holder, whatever host spelt the target."""
    name = written.replace("\\", "/").rsplit("/", 1)[-1]
    path = holder.parent / name
    return path if name and "\0" not in name and os.path.isfile(path) else None  # noqa: PTH113
