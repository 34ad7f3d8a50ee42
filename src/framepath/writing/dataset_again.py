"""Create a dataset again whose bytes lie in other files, naming those files anew."""

from __future__ import annotations

from collections.abc import Mapping

import h5py
import numpy as np
from h5py import h5a, h5o  # type: ignore[attr-defined]


def create_again(file: h5py.File, address: str, names: Mapping[str, str]) -> None:
    """Replace a virtual dataset, or one in raw external files, by one with other file names.

    Type, shape, fill value, attributes and every hard link are kept; no pixel is touched.

    Parameters
    ----------
    file
        Open for writing.
    address
        Of the dataset.
    names
        File name as written -> file name to write.
    """
    old = file[address]
    assert isinstance(old, h5py.Dataset)
    plist = _properties(old, names)
    new = h5py.h5d.create(file.id, None, old.id.get_type(), old.id.get_space(), plist)
    _copy_attributes(old.id, new)
    for alias in _hard_links(file, old):
        del file[alias]
        file[alias] = h5py.Dataset(new)


def _properties(old: h5py.Dataset, names: Mapping[str, str]) -> h5py.h5p.PropDCID:
    before = old.id.get_create_plist()
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_attr_creation_order(before.get_attr_creation_order())
    fill = np.zeros((), old.dtype)
    if before.fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED:
        before.get_fill_value(fill)
        plist.set_fill_value(fill)
    if before.get_layout() == h5py.h5d.VIRTUAL:
        for source in old.virtual_sources():
            name = names.get(source.file_name, source.file_name)
            target = (name.encode(), source.dset_name.encode())
            plist.set_virtual(source.vspace, *target, _selected(source.vspace, source.src_space))
        return plist
    # The raw files hold the pixels: nothing may be filled in.
    plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    for name, offset, n_bytes in old.external or ():
        plist.set_external(names.get(name, name).encode(), offset, n_bytes)
    return plist


def _selected(virtual: h5py.h5s.SpaceID, source: h5py.h5s.SpaceID) -> h5py.h5s.SpaceID:
    """Selection of a source; HDF5 keeps no shape of a whole one, yet asks for one of its size."""
    if source.get_select_type() != h5py.h5s.SEL_ALL:
        return source
    return h5py.h5s.create_simple((virtual.get_select_npoints(),))


def _copy_attributes(old: h5py.h5d.DatasetID, new: h5py.h5d.DatasetID) -> None:
    for number in range(h5a.get_num_attrs(old)):
        before = h5a.open(old, index=number)
        after = h5a.create(new, before.name, before.get_type(), before.get_space())
        if before.get_space().get_simple_extent_type() == h5py.h5s.NULL:
            continue
        value = np.empty(before.shape, before.dtype)
        before.read(value)
        after.write(value)


def _hard_links(file: h5py.File, dataset: h5py.Dataset) -> list[str]:
    """Every address of a dataset by hard links; groups with several names are walked once."""
    wanted = h5o.get_info(dataset.id).addr
    found: list[str] = []
    seen: set[int] = set()
    groups: list[tuple[str, h5py.Group]] = [("", file)]
    while groups:
        at, group = groups.pop()
        if h5o.get_info(group.id).addr in seen:
            continue
        seen.add(h5o.get_info(group.id).addr)
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            node = group[name]
            if isinstance(node, h5py.Group):
                groups.append((f"{at}/{name}", node))
            elif h5o.get_info(node.id).addr == wanted:
                found.append(f"{at}/{name}")
    return found
