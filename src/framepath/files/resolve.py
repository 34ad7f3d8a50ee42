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


def find_target(
    kind: LinkKind,
    written: str,
    holder: Path,
    path_map: tuple[PathMap, ...] = (),
    host: Host = "here",
) -> Target:
    """Find the file that a link names.

    Parameters
    ----------
    kind
        External link, virtual source or raw external file.
    written
        Target file as the link spells it.
    holder
        Absolute path by which the file that holds the link was opened.
    path_map, host
        Other hosts' spellings, and whose spelling this process can open.
    """
    if kind is LinkKind.VIRTUAL and written == SAME_FILE:
        return Target(holder, LinkRule.SAME_FILE, (holder,))
    tried: list[Path] = []
    for path, rule in _candidates(kind, written, holder, path_map, host):
        if path in tried:
            continue
        tried.append(path)
        if os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for a name too long
            return Target(path, rule, tuple(tried))
    return Target(None, LinkRule.NONE, tuple(tried))


def _candidates(
    kind: LinkKind, written: str, holder: Path, path_map: tuple[PathMap, ...], host: Host
) -> Iterator[tuple[Path, LinkRule]]:
    if "\0" in written or not written:
        return
    mapped = translated(written, path_map, host)
    if mapped is not None:
        yield Path(mapped), LinkRule.MAPPED
    name = Path(written)
    prefixes = os.environ.get(PREFIX_VARIABLES[kind], "")
    if name.is_absolute():
        yield name, LinkRule.ABSOLUTE
        if kind is LinkKind.RAW:
            return
        name = Path(name.name)
    if kind is LinkKind.RAW:
        folder = prefixes.replace("${ORIGIN}", str(holder.parent))
        rule = LinkRule.PREFIX if folder else LinkRule.WORKING
        yield Path.cwd() / folder / name, rule
        return
    for folder in filter(None, prefixes.split(os.pathsep)):
        yield Path.cwd() / folder / name, LinkRule.PREFIX
    yield holder.parent / name, LinkRule.BESIDE
    yield Path.cwd() / name, LinkRule.WORKING
    yield Path(os.path.realpath(holder)).parent / name, LinkRule.BESIDE


def beside(written: str, holder: Path) -> Path | None:
    """A file of the target's last name beside the holder, whatever host spelt the target."""
    name = written.replace("\\", "/").rsplit("/", 1)[-1]
    path = holder.parent / name
    return path if name and "\0" not in name and os.path.isfile(path) else None  # noqa: PTH113
