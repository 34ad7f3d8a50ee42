"""Where a registered file stands in the catalog: as on disk, in names that an address can hold."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from itertools import takewhile
from operator import eq
from pathlib import Path

from framepath.errors import CatalogError

_MISREAD = re.compile(r"[#?]|%(?=[0-9A-Fa-f]{2})")


def key_of(name: str) -> str:
    """Key of a file or folder: its name, or one made from it where no address can hold that.

    Tiled's client writes keys into addresses as they are (tiled 0.2.20): of ``a#b.h5`` it would
    ask for, and delete, the folder. What it misreads becomes ``_``, and a mark keeps names apart.

    Raises
    ------
    CatalogError
        The name is not UTF-8, so that neither JSON nor an address holds it.
    """
    try:
        mark = hashlib.sha256(name.encode()).hexdigest()[:6]
    except UnicodeEncodeError:
        raise CatalogError(
            "the catalog cannot name this file or folder",
            found=os.fsencode(name),
            expected="a name in UTF-8",
            next_step="rename it, and register it again",
        ) from None
    plain = "".join(c if c.isprintable() else "_" for c in _MISREAD.sub("_", name))
    stem, dot, suffix = plain.rpartition(".")
    if plain == name:
        return name
    return f"{stem}~{mark}{dot}{suffix}" if stem else f"{plain}~{mark}"


def roots_apart(folders: Iterable[Path]) -> list[Path]:
    """For each folder, what its files' places begin from: such that no two folders share a place.

    That is its parent, or further up where another folder has the same name.
    """
    known = list(folders)
    names = {folder: folder.parts[::-1] for folder in known}

    def above(folder: Path) -> Path:
        others = [names[other] for other in known if other != folder]
        shared = max((_n_alike(names[folder], other) for other in others), default=0)
        return (*folder.parents, folder)[min(shared, len(folder.parents) - 1)]

    return [above(folder) for folder in known]


def _n_alike(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return sum(1 for _ in takewhile(bool, map(eq, one, other)))
