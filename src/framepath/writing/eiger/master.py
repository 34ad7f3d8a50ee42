"""The master file of a series: metadata, and links to the data files that exist."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import h5py
import numpy as np

from framepath.spec.addresses import (
    CHECKSUMS_ADDRESS,
    EIGER_DATA_ADDRESS,
    EIGER_DATA_GROUP,
)
from framepath.spec.ledger import LedgerRow
from framepath.writing.eiger.data_file import number_images, virtual_images
from framepath.writing.eiger.metadata import NX_CLASSES, Value
from framepath.writing.eiger.series import Series
from framepath.writing.ledger_rows import LedgerDataset

_PROGRAM = "framepath"
_DEFINITION = "NXmx"


def write_tree(file: h5py.File, values: Iterable[Value]) -> None:
    """Write values below ``/entry``, with the NeXus class of each group that they stand in."""
    file.attrs["default"] = "entry"
    entry = file.require_group("entry")
    entry.attrs["default"] = "data"
    entry["definition"] = _DEFINITION
    entry["program_name"] = _PROGRAM
    for value in values:
        dataset = entry.create_dataset(value.address, data=value.content)
        if value.unit:
            dataset.attrs["units"] = value.unit
    for address, nx_class in NX_CLASSES.items():
        group = entry.get(address) if address else entry
        if isinstance(group, h5py.Group):
            group.attrs["NX_class"] = nx_class


def link_data_files(file: h5py.File, series: Series, parts: Sequence[tuple[str, int]]) -> None:
    """Make the data files readable from the master.

    Parameters
    ----------
    parts
        (bare file name, frames) of each data file that exists, in order.
    """
    group = file.require_group(EIGER_DATA_GROUP)
    if series.format == "v1":
        for number, (name, _) in enumerate(parts, start=1):
            group[f"data_{number:06d}"] = h5py.ExternalLink(name, EIGER_DATA_ADDRESS)
        if parts:
            group.attrs["signal"] = "data_000001"
    elif parts:
        images = virtual_images(file, series.shape_yx, series.dtype, list(parts))
        number_images(images, series.image_nr_start, len(images))
        group.attrs["signal"] = "data"


def write_ledger(file: h5py.File, rows: Iterable[LedgerRow], checksums: Sequence[int]) -> None:
    """Write framepath's own group: one ledger row a frame, and the checksums if any came.

    Parameters
    ----------
    checksums
        One a row, -1 where the frame carried none.
    """
    ledger = LedgerDataset(file.id)
    for row in rows:
        ledger.add(row)
    ledger.write()
    if any(value >= 0 for value in checksums):
        file[CHECKSUMS_ADDRESS] = np.array(checksums, "i8")
