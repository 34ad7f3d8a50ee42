"""Elements to a tree as ADCore's streaming reader builds it, misplaced end tags included."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from framepath.layout import quirks
from framepath.layout.element_values import (
    read_attribute,
    read_dataset,
    read_flag,
    report_unknown_attributes,
)
from framepath.layout.model import (
    HardLink,
    Layout,
    LayoutAttribute,
    LayoutDataset,
    LayoutGroup,
    Position,
)
from framepath.layout.rules import Hit, Rule, Trap
from framepath.layout.xml_source import Element

DESTINATION_GLOBAL = "detector_data_destination"
"""The one global that has an effect (rule 4.1)."""


@dataclass(slots=True, eq=False)
class _Dataset:
    """A dataset being read."""

    node: LayoutDataset
    parent: _Group | _Dataset | None
    attributes: dict[str, LayoutAttribute] = field(default_factory=dict)

    def frozen(self) -> LayoutDataset:
        return replace(self.node, attributes=tuple(self.attributes.values()))


@dataclass(slots=True, eq=False)
class _Group:
    """A group being read; the root is one with an empty name and no parent."""

    node: LayoutGroup
    parent: _Group | _Dataset | None
    attributes: dict[str, LayoutAttribute] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)
    datasets: dict[str, _Dataset] = field(default_factory=dict)
    hardlinks: dict[str, HardLink] = field(default_factory=dict)

    def child(self, name: str) -> _Group | _Dataset | None:
        """The child that has a name; ADCore asks groups and datasets only (rules 5.1, 6.6)."""
        return self.groups.get(name) or self.datasets.get(name)

    def frozen(self) -> LayoutGroup:
        return replace(
            self.node,
            groups=tuple(group.frozen() for group in self.groups.values()),
            datasets=tuple(dataset.frozen() for dataset in self.datasets.values()),
            attributes=tuple(self.attributes.values()),
            hardlinks=tuple(self.hardlinks.values()),
        )


class TreeBuilder:
    """Takes the starts and ends of elements; `layout` then gives the model and its traps.

    The state is ADCore's: a tree that the first group begins, and one current element, which the
    start of a group or dataset moves down and the end moves up (rule 2.4). An element that cannot
    be created does not move it down, yet its end moves it up (rule 2.5).
    """

    def __init__(self) -> None:
        self._root: _Group | None = None
        self._current: _Group | _Dataset | None = None
        self._globals: dict[str, str] = {}
        self._destination_position: Position | None = None
        self._auto_ndattr_default = True
        self._traps: list[Trap] = []
        self._element: Element
        self._readers = {
            "hdf5_layout": self._read_options,
            "global": self._read_global,
            "group": self._read_group,
            "dataset": self._read_dataset,
            "attribute": self._read_attribute,
            "hardlink": self._read_hardlink,
        }

    def start(self, element: Element) -> None:
        """Take the start of an element."""
        self._element = element
        reader = self._readers.get(element.name)
        if reader is None:
            rule = quirks.UNKNOWN_ROOT if element.depth == 1 else quirks.UNKNOWN_ELEMENT
            self._report(rule, f"<{element.name}>")
            return
        report_unknown_attributes(element, self._report)
        reader(element)

    def end(self, name: str) -> None:
        """Take the end of an element: rules 2.4 and 2.5."""
        if self._current is not None and name in ("group", "dataset"):
            self._current = self._current.parent or self._root

    def layout(self, origin: str) -> Layout:
        """The tree below the root; what stands beside the top groups is dropped (rule 5.4)."""
        top = self._root.groups.values() if self._root else ()
        return Layout(
            groups=tuple(group.frozen() for group in top),
            destination_attribute=self._globals.get(DESTINATION_GLOBAL, ""),
            auto_ndattr_default=self._auto_ndattr_default,
            origin=origin,
            globals=dict(self._globals),
            destination_position=self._destination_position,
            traps=tuple(self._traps),
        )

    def _report(self, rule: Rule, found: str) -> None:
        self._traps.append(Trap(rule, Hit(found=found, position=self._element.position)))

    def _name(self, element: Element) -> str | None:
        """The name, which may be empty; None, with a report, when there is none."""
        name = element.attributes.get("name")
        if name is None:
            self._report(quirks.MISSING_NAME, f"<{element.name}> without name")
        return name

    def _read_options(self, element: Element) -> None:
        if "auto_ndattr_default" in element.attributes:
            # A second hdf5_layout can only clear the flag, never set it again.
            flag = read_flag(element, "auto_ndattr_default", True, self._report)
            self._auto_ndattr_default = self._auto_ndattr_default and flag

    def _read_global(self, element: Element) -> None:
        name, value = element.attributes.get("name"), element.attributes.get("ndattribute")
        if name is None or value is None:
            missing = "name" if name is None else "ndattribute"
            self._report(quirks.INCOMPLETE_GLOBAL, f"no {missing}")
            return
        if name in self._globals:
            self._report(quirks.REPEATED_GLOBAL, f"{name!r} again, as {value!r}")
        self._globals[name] = value
        if name == DESTINATION_GLOBAL:
            self._destination_position = element.position
        else:
            self._report(quirks.UNKNOWN_GLOBAL, f"name={name!r}")

    def _read_group(self, element: Element) -> None:
        name = self._name(element)
        if name is None:
            return
        if self._root is None:
            self._root = _Group(LayoutGroup("", Position(1, 1)), None)
            self._current = self._root
        parent = self._parent_for(name)
        if parent is None:
            return
        flag = read_flag(element, "ndattr_default", False, self._report)
        group = _Group(LayoutGroup(name, element.position, flag), parent)
        if isinstance(parent, _Group):
            parent.groups[name] = group
        self._current = group

    def _read_dataset(self, element: Element) -> None:
        if self._current is None or self._current is self._root:
            self._report(quirks.OUTSIDE_GROUP, f"dataset {element.attributes.get('name')!r}")
        name = self._name(element)
        parent = self._parent_for(name) if name is not None else None
        if parent is None:
            return
        # Only names are asked for, so a misplaced dataset's parent does as well as a group.
        dataset = _Dataset(read_dataset(element, parent.node.name, self._report), parent)
        if isinstance(parent, _Group):
            parent.datasets[dataset.node.name] = dataset
        self._current = dataset

    def _parent_for(self, name: str) -> _Group | _Dataset | None:
        """The current element if a child called so may be made there, else None.

        Inside a dataset the child is made but belongs to nothing, so that reading can go on.
        """
        parent = self._current
        if isinstance(parent, _Dataset):
            self._report(quirks.MISPLACED, f"{name!r} inside dataset {parent.node.name!r}")
        elif parent is not None and (first := parent.child(name)):
            found = f"{name!r} again in {parent.node.name or '/'!r}, first at {first.node.position}"
            self._report(quirks.DUPLICATE_NAME, found)
            return None
        elif parent is not None and name in parent.hardlinks:
            # ADCore makes the element; the link then fails when the file is opened.
            self._report(quirks.DUPLICATE_HARDLINK, f"{name!r} is the name of a link before it")
        return parent

    def _read_attribute(self, element: Element) -> None:
        owner = self._current
        if owner is None or owner is self._root:
            self._report(quirks.OUTSIDE_GROUP, f"attribute {element.attributes.get('name')!r}")
        name = self._name(element)
        if name is None or owner is None:
            return
        if name in owner.attributes:
            self._report(quirks.DUPLICATE_ATTRIBUTE, f"{name!r} again")
            return
        owner.attributes[name] = read_attribute(element, self._report)

    def _read_hardlink(self, element: Element) -> None:
        name, target = self._name(element), element.attributes.get("target")
        if name is None:
            return
        parent = self._current
        if not isinstance(parent, _Group):
            where = "before the first group" if parent is None else "inside a dataset"
            self._report(quirks.MISPLACED, f"hard link {name!r} {where}")
            return
        if parent is self._root:
            self._report(quirks.OUTSIDE_GROUP, f"hard link {name!r}")
        if parent.child(name) or name in parent.hardlinks:
            self._report(quirks.DUPLICATE_HARDLINK, f"hard link {name!r}")
        elif target is None:
            self._report(quirks.INCOMPLETE_HARDLINK, f"hard link {name!r} without target")
        else:
            parent.hardlinks[name] = HardLink(name, target, element.position)
