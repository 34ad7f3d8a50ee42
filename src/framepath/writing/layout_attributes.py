"""HDF5 attributes of groups and datasets that a layout takes from NDAttributes (rule 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import h5py
import h5py.h5o
import numpy as np

from framepath.layout.model import Layout, LayoutAttribute, Source, When
from framepath.spec.ndattribute import STRING_BYTES, NDAttribute, NDAttrType
from framepath.writing.hdf5_values import (
    HasAttributes,
    fitting_bytes,
    write_number_attribute,
    write_text_attribute,
)

Attributes = Mapping[str, NDAttribute]


def is_from_ndattribute(node: LayoutAttribute) -> bool:
    """The HDF5 attribute takes its value from an NDAttribute."""
    return node.source is Source.NDATTRIBUTE


def put_ndattribute(owner: HasAttributes, node: LayoutAttribute, attributes: Attributes) -> None:
    """HDF5 attribute from an NDAttribute (rule 7.3); nothing where there is no fitting value."""
    attribute = _valued(node, attributes)
    if attribute is None or h5py.h5a.exists(owner, node.name.encode()):
        return
    if attribute.type is NDAttrType.STRING:
        write_text_attribute(owner, node.name, _text(attribute))
    else:
        write_number_attribute(owner, node.name, [_number(attribute)], attribute.type.dtype)


def put_closing(file: h5py.h5f.FileID, layout: Layout, attributes: Attributes) -> None:
    """Make the HDF5 attributes that a layout wants at file close (rule 7.3)."""
    for owner, node in _closing(file, layout):
        put_ndattribute(owner, node, attributes)


def reserve_closing(file: h5py.h5f.FileID, layout: Layout, attributes: Attributes) -> None:
    """Make them before SWMR starts, which allows no new ones, with the values known now.

    Texts get the 256 bytes of an NDAttribute, because they must fit the value at close.
    """
    for owner, node in _closing(file, layout):
        attribute = _valued(node, attributes)
        if attribute is not None and attribute.type is NDAttrType.STRING:
            write_text_attribute(owner, node.name, _text(attribute), STRING_BYTES)
        else:
            put_ndattribute(owner, node, attributes)


def overwrite_closing(file: h5py.h5f.FileID, layout: Layout, attributes: Attributes) -> None:
    """Give the reserved ones their values at close."""
    for owner, node in _closing(file, layout):
        attribute = _valued(node, attributes)
        if attribute is None or not h5py.h5a.exists(owner, node.name.encode()):
            continue
        stored = h5py.h5a.open(owner, node.name.encode())
        if attribute.type is NDAttrType.STRING:
            raw = fitting_bytes(_text(attribute), STRING_BYTES - 1)
            stored.write(np.array(raw, f"S{STRING_BYTES}"), mtype=stored.get_type())
        else:
            stored.write(np.array(_number(attribute), attribute.type.dtype))


def exists(file: h5py.h5f.FileID, address: str) -> bool:
    """Whether every component of an absolute or root-relative address exists."""
    here = ""
    for part in address.strip("/").split("/"):
        here += "/" + part
        if not part or not file.links.exists(here.encode()):
            return False
    return True


def _closing(
    file: h5py.h5f.FileID, layout: Layout
) -> Iterator[tuple[HasAttributes, LayoutAttribute]]:
    """Each such attribute with the open group or dataset it belongs to."""
    owners = [(address, group.attributes) for address, group in layout.walk_groups()]
    owners += [(address, dataset.attributes) for address, dataset in layout.walk_datasets()]
    for address, nodes in owners:
        for node in nodes:
            wanted = is_from_ndattribute(node) and node.when is When.FILE_CLOSE
            if wanted and exists(file, address):
                yield h5py.h5o.open(file, address.encode()), node


def _valued(node: LayoutAttribute, attributes: Attributes) -> NDAttribute | None:
    """The NDAttribute, where it has a value that its own type can hold."""
    attribute = attributes.get(node.ndattribute)
    if attribute is None or attribute.value is None or attribute.type is NDAttrType.UNDEFINED:
        return None
    try:
        if attribute.type is not NDAttrType.STRING:
            _number(attribute)
    except (TypeError, ValueError, OverflowError):
        return None
    return attribute


def _text(attribute: NDAttribute) -> str | bytes:
    value = attribute.value
    return value if isinstance(value, bytes) else str(value)


def _number(attribute: NDAttribute) -> float:
    return np.array(attribute.value, attribute.type.dtype).item()
