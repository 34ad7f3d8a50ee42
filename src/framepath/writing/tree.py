"""Make everything that a layout says, in ADCore's order, in a new file."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

import h5py
import h5py.h5i

from framepath.errors import LayoutError
from framepath.layout.model import (
    ConstantType,
    HardLink,
    Layout,
    LayoutAttribute,
    LayoutDataset,
    Mode,
    Source,
    When,
)
from framepath.spec.frame import Frame
from framepath.spec.ndattribute import NDAttribute
from framepath.writing import performance
from framepath.writing.columns import Column, create_column_dataset, describe
from framepath.writing.encoding import Encoding
from framepath.writing.frames import (
    FrameDataset,
    create_frame_dataset,
    write_dimension_attributes,
)
from framepath.writing.hdf5_values import (
    HasAttributes,
    write_constant_attribute,
    write_constant_dataset,
    write_text_attribute,
)
from framepath.writing.layout_attributes import exists, is_from_ndattribute, put_ndattribute
from framepath.writing.placing import CountedPlaces, NamedPlaces
from framepath.writing.settings import WriterSettings

_PERFORMANCE_GROUP = "performance"


@dataclass(slots=True)
class Tree:
    """What was made: where frames, attribute rows and the performance table go."""

    frames: dict[str, FrameDataset] = field(default_factory=dict[str, FrameDataset])
    columns: list[Column] = field(default_factory=list[Column])
    performance: h5py.h5d.DatasetID | None = None


class TreeBuilder:
    """Builds the objects of one file; call `build` once.

    Parameters
    ----------
    file
        The new, empty file.
    frame
        The first frame, or one like it.
    attributes
        All NDAttributes known now, by name, in order.
    """

    def __init__(
        self,
        file: h5py.h5f.FileID,
        layout: Layout,
        settings: WriterSettings,
        encoding: Encoding,
        frame: Frame,
        attributes: Mapping[str, NDAttribute],
    ) -> None:
        self._file = file
        self._layout = layout
        self._settings = settings
        self._encoding = encoding
        self._frame = frame
        self._attributes = attributes
        self._tree = Tree()

    def build(self) -> Tree:
        """Make groups and datasets, then NDAttribute datasets, performance table, hard links."""
        for address, group in self._layout.walk_groups():
            made = h5py.h5g.create(self._file, address.encode())
            for dataset in sorted(group.datasets, key=lambda d: d.name.encode()):
                self._make_dataset(made, f"{address}/{dataset.name}", dataset)
            if self._settings.store_attributes:
                self._put_attributes(made, group.attributes)
        if self._settings.store_attributes:
            self._make_columns()
        if self._settings.store_performance:
            self._make_performance()
        for address, group in self._layout.walk_groups():
            for link in sorted(group.hardlinks, key=lambda h: h.name.encode()):
                self._make_link(f"{address}/{link.name}", link)
        return self._tree

    def _make_dataset(self, group: h5py.h5g.GroupID, address: str, node: LayoutDataset) -> None:
        if node.source is Source.DETECTOR:
            made = create_frame_dataset(group, node.name, self._encoding, self._settings.fill_value)
            places = self._places(address)
            self._tree.frames[address] = FrameDataset(address, made, self._encoding, places)
            self._put_attributes(made, node.attributes)
            write_dimension_attributes(made, self._frame)
        elif node.source is Source.CONSTANT:
            kind = node.type or ConstantType.STRING
            made = write_constant_dataset(group, node.name, node.value, kind)
            self._put_attributes(made, node.attributes)

    def _places(self, address: str) -> CountedPlaces | NamedPlaces:
        """Positions apply to the default dataset only (rule 11.4)."""
        geometry, names = self._encoding.geometry, self._settings.position_attributes
        if names and address == self._layout.default_destination():
            return NamedPlaces(geometry, names, self._settings.mode is Mode.STRICT)
        return CountedPlaces(geometry)

    def _put_attributes(self, owner: HasAttributes, nodes: tuple[LayoutAttribute, ...]) -> None:
        at_open = self._settings.store_attributes
        for node in nodes:
            if h5py.h5a.exists(owner, node.name.encode()):
                continue
            if node.source is Source.CONSTANT:
                write_constant_attribute(owner, node.name, node.value, node.type)
            elif at_open and is_from_ndattribute(node) and node.when is not When.FILE_CLOSE:
                put_ndattribute(owner, node, self._attributes)

    def _make_columns(self) -> None:
        placed: dict[str, tuple[str, LayoutDataset]] = {}
        for address, node in self._layout.walk_datasets():
            if node.source is Source.NDATTRIBUTE:
                placed.setdefault(node.ndattribute, (address, node))
        default = self._layout.default_attribute_group()
        for name, attribute in self._attributes.items():
            if name in placed:
                address, node = placed[name]
                parent, _, dataset_name = address.rpartition("/")
                self._make_column(parent, dataset_name, attribute, node)
            elif default is not None:
                self._make_column(default, name, attribute, None)
        if default:
            group = h5py.h5g.open(self._file, default.encode())
            if not h5py.h5a.exists(group, b"hostname"):
                write_text_attribute(group, "hostname", socket.gethostname())

    def _make_column(
        self, parent: str, name: str, attribute: NDAttribute, node: LayoutDataset | None
    ) -> None:
        """Dataset of an NDAttribute, as the layout's ``node`` has it or in the default group."""
        when = node.when if node else When.FRAME
        group = h5py.h5g.open(self._file, parent.encode() or b"/")
        if not self._is_free(group, name):
            return
        follows = self._follows_frames(when)
        made = create_column_dataset(
            *(group, name, attribute.type, self._attribute_chunk()),
            self._settings.place_chunk(self._encoding.geometry.lead_sizes) if follows else None,
            self._settings.index_axis(attribute.name) if follows else None,
        )
        if node:
            self._put_attributes(made.id, node.attributes)
        describe(made.id, attribute)
        self._tree.columns.append(Column(attribute.name, attribute.type, when, made))

    def _follows_frames(self, when: When) -> bool:
        """``DimAttDatasets``: in compat of single values too, as in ADCore, which does not ask."""
        settings = self._settings
        if settings.mode is Mode.COMPAT:
            return settings.dim_attribute_datasets
        has_places = bool(self._encoding.geometry.lead_sizes)
        return settings.dim_attribute_datasets and when is When.FRAME and has_places

    def _is_free(self, group: h5py.h5g.GroupID, name: str) -> bool:
        """Whether an NDAttribute may have this name; ADCore leaves out one that may not."""
        if name not in ("", ".") and "/" not in name and name.encode() not in group:
            return True
        if self._settings.mode is Mode.STRICT:
            raise LayoutError(
                "an NDAttribute cannot have its dataset",
                found=repr(name),
                expected="a name without slashes that nothing else has in its group",
                where=h5py.h5i.get_name(group).decode(),
                next_step="rename it, or give it a dataset of its own in the layout",
            )
        return False

    def _attribute_chunk(self) -> int:
        return self._settings.attribute_chunk_rows()

    def _make_performance(self) -> None:
        """Rule 8.1: the place kept by the layout, else with the NDAttributes, else nowhere."""
        for address, node in self._layout.walk_datasets():
            parent, name = address.rsplit("/", 1)
            kept = parent.rsplit("/", 1)[-1] == _PERFORMANCE_GROUP
            if kept and name == performance.DATASET_NAME and node.source is not Source.NDATTRIBUTE:
                break
        else:
            default = self._layout.default_attribute_group()
            if default is None:
                return
            parent = default
        group = h5py.h5g.open(self._file, parent.encode() or b"/")
        if performance.DATASET_NAME.encode() not in group:
            self._tree.performance = performance.create_dataset(
                group, performance.DATASET_NAME, self._attribute_chunk()
            )

    def _make_link(self, address: str, link: HardLink) -> None:
        """Rule 10.1: a link to nothing is left out, and the file goes on."""
        if exists(self._file, link.target) and not exists(self._file, address):
            self._file.links.create_hard(address.encode(), self._file, link.target.encode())
