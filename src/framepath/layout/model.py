"""The typed model of a layout XML; every node knows where in the text it stood.

Rule numbers in this package are those of docs/reference/layout-xml.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from framepath.layout.position import Position
from framepath.layout.rules import Trap


class Source(StrEnum):
    """Where a dataset's or attribute's value comes from (rules 6 and 7)."""

    DETECTOR = "detector"
    NDATTRIBUTE = "ndattribute"
    CONSTANT = "constant"


class When(StrEnum):
    """When an NDAttribute value is stored (rules 6n.4 and 7.3)."""

    FRAME = "OnFrame"
    FILE_OPEN = "OnFileOpen"
    FILE_CLOSE = "OnFileClose"


class ConstantType(StrEnum):
    """Type of a constant (rule 6.5)."""

    INT = "int"
    FLOAT = "float"
    STRING = "string"


class Mode(StrEnum):
    """``compat`` does what ADCore does, quirks included; ``strict`` refuses what loses frames."""

    COMPAT = "compat"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class LayoutAttribute:
    """An ``<attribute>``: an HDF5 attribute of the group or dataset around it.

    ``source`` None means missing or unknown: it is not written (rule 7.2). ``when`` None means
    none given: written at open (rule 7.3).
    """

    name: str
    source: Source | None
    position: Position
    value: str = ""
    type: ConstantType = ConstantType.STRING
    ndattribute: str = ""
    when: When | None = None


@dataclass(frozen=True, slots=True)
class LayoutDataset:
    """A ``<dataset>``.

    ``source`` None means missing or unknown (rule 6.1: not created, except the performance
    table's place). ``type`` None means none given: a constant then loses its value (rule 6.3).
    """

    name: str
    source: Source | None
    position: Position
    det_default: bool = False
    ndattribute: str = ""
    when: When = When.FRAME
    value: str = ""
    type: ConstantType | None = None
    attributes: tuple[LayoutAttribute, ...] = ()


@dataclass(frozen=True, slots=True)
class HardLink:
    """A ``<hardlink>`` called ``name`` to the absolute address ``target`` (rule 10)."""

    name: str
    target: str
    position: Position


@dataclass(frozen=True, slots=True)
class LayoutGroup:
    """A ``<group>``; children in document order (use `sorted_by_name` for ADCore's order)."""

    name: str
    position: Position
    ndattr_default: bool = False
    groups: tuple[LayoutGroup, ...] = ()
    datasets: tuple[LayoutDataset, ...] = ()
    attributes: tuple[LayoutAttribute, ...] = ()
    hardlinks: tuple[HardLink, ...] = ()


def _by_name(nodes):  # type: ignore[no-untyped-def]
    return sorted(nodes, key=lambda node: node.name.encode())


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole layout.

    Attributes
    ----------
    groups
        Top groups; what stands beside them in the XML is never written (rule 5.4).
    destination_attribute
        NDAttribute whose text selects the dataset of a frame, "" for no routing (rule 4).
    auto_ndattr_default
        Rule 3: NDAttributes named nowhere are stored even without an ``ndattr_default`` group.
    origin
        Path of the XML, or a word such as ``built-in default`` or ``inline XML``.
    destination_position
        Where ``destination_attribute`` was set; no part of a comparison.
    traps
        What the parser met that ADCore repairs in silence; no part of a comparison.
    """

    groups: tuple[LayoutGroup, ...]
    destination_attribute: str = ""
    auto_ndattr_default: bool = True
    origin: str = "inline XML"
    globals: dict[str, str] = field(default_factory=dict[str, str])
    destination_position: Position | None = field(default=None, compare=False)
    traps: tuple[Trap, ...] = field(default=(), compare=False)

    def walk_groups(self) -> Iterator[tuple[str, LayoutGroup]]:
        """Every group with its address, depth first, byte-wise alphabetical (rules 5.3, 6.7)."""

        def below(parent: str, groups: tuple[LayoutGroup, ...]):  # type: ignore[no-untyped-def]
            for group in _by_name(groups):
                address = f"{parent}/{group.name}"
                yield address, group
                yield from below(address, group.groups)

        yield from below("", self.groups)

    def walk_datasets(self) -> Iterator[tuple[str, LayoutDataset]]:
        """Every dataset with its address; a group's own before its subgroups' (rule 6d.2)."""
        for address, group in self.walk_groups():
            for dataset in _by_name(group.datasets):
                yield f"{address}/{dataset.name}", dataset

    def walk_attributes(self) -> Iterator[tuple[str, LayoutAttribute]]:
        """Every HDF5 attribute with the address of the group or dataset that carries it."""
        for address, group in self.walk_groups():
            yield from ((address, attribute) for attribute in group.attributes)
            for dataset in group.datasets:
                owner = f"{address}/{dataset.name}"
                yield from ((owner, attribute) for attribute in dataset.attributes)

    def walk_hardlinks(self) -> Iterator[tuple[str, HardLink]]:
        """Every hard link with its address, in the order in which they are made (rule 10.1)."""
        for address, group in self.walk_groups():
            for link in _by_name(group.hardlinks):
                yield f"{address}/{link.name}", link

    def detector_datasets(self) -> dict[str, LayoutDataset]:
        """Datasets that hold frames, by address, in byte order of the addresses."""
        found = {a: d for a, d in self.walk_datasets() if d.source is Source.DETECTOR}
        return dict(sorted(found.items(), key=lambda item: item[0].encode()))

    @property
    def unusable(self) -> str | None:
        """Why no file can be opened by it, or None; a parse calls it valid (rule 1.6)."""
        if not self.groups:
            return "no <group>"
        return None if self.detector_datasets() else "no detector dataset"

    def default_destination(self) -> str | None:
        """Address of the dataset for frames without a destination (rule 6d.2); None: no detector.

        The flag is honoured on whatever source it stands, as ADCore does.
        """
        flagged = (a for a, d in self.walk_datasets() if d.det_default)
        return next(flagged, next(iter(self.detector_datasets()), None))

    def default_attribute_group(self) -> str | None:
        """Address of the group for NDAttributes named nowhere; "" the root; None: not stored."""
        flagged = (a for a, g in self.walk_groups() if g.ndattr_default)
        return next(flagged, "" if self.auto_ndattr_default else None)
