"""A link out of an HDF5 file: as written, and where it leads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class LinkKind(StrEnum):
    """The ways in which an HDF5 file reaches outside itself, and the soft link inside it."""

    EXTERNAL = "external link"
    VIRTUAL = "virtual source"
    RAW = "raw external file"
    SOFT = "soft link"


class LinkRule(StrEnum):
    """Which of libhdf5's rules found (or last looked for) the target file."""

    ABSOLUTE = "absolute"
    BESIDE = "beside the file"
    WORKING = "working directory"
    PREFIX = "prefix"
    MAPPED = "path map"
    SAME_FILE = "same file"
    NONE = "not found"


@dataclass(frozen=True, slots=True)
class Link:
    """One link, read without following it, and what following it finds.

    Attributes
    ----------
    file, address
        The file that holds the link and the HDF5 address there.
    kind
        See `LinkKind`.
    target_file, target_address
        As written in the file ("" for a soft link's file).
    resolved
        Real path that opening the link would read, "" when none exists.
    rule
        Which rule gave ``resolved``.
    exists, readable
        The target file exists; its HDF5 signature (or raw bytes) can be read.
    object_exists
        ``target_address`` is there; None when that cannot be known.
    shape, dtype
        Of the target dataset, slowest axis first; None for groups and what cannot be opened.
    problem
        One sentence naming what is wrong, "" when nothing is.
    """

    file: str
    address: str
    kind: LinkKind
    target_file: str
    target_address: str
    resolved: str
    rule: LinkRule
    exists: bool
    readable: bool
    object_exists: bool | None
    shape: tuple[int, ...] | None
    dtype: str | None
    problem: str = ""

    def as_json(self) -> dict[str, object]:
        """Plain values for ``--json``; every field is present."""
        return asdict(self)
