"""Links and virtual datasets of frames, from one file or within it."""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np

from framepath.spec.ledger import LedgerRow
from framepath.writing.views.acquisition import Acquisition

SAME_FILE = "."
"""How a virtual dataset names the file that it is in."""


def stack(
    group: h5py.Group, name: str, source: str, rows: Sequence[LedgerRow], acquisition: Acquisition
) -> h5py.Dataset:
    """A virtual dataset (frames, y, x) of the frames of some rows, one after the other.

    Parameters
    ----------
    source
        The file with the frames, as the virtual dataset shall name it.

    Notes
    -----
    Each frame is a source of its own: nexusformat takes the number of sources for the length of
    the first axis. It costs 100 bytes and 0.1 ms a frame, and nothing to readers.
    If the source goes missing, frames read as the greatest integer (or NaN), not as zeros.
    """
    layout = h5py.VirtualLayout((len(rows), *acquisition.shape[1:]), acquisition.dtype)
    sources = {
        address: h5py.VirtualSource(source, address, shape, acquisition.dtype)
        for address, shape in acquisition.shapes.items()
    }
    for frame, row in enumerate(rows):
        layout[frame] = sources[row.destination][row.index]
    is_float = acquisition.dtype.kind == "f"
    no_data = np.nan if is_float else np.iinfo(acquisition.dtype).max
    return group.create_virtual_dataset(name, layout, fillvalue=no_data)


def link_or_stack(
    group: h5py.Group, name: str, source: str, rows: Sequence[LedgerRow], acquisition: Acquisition
) -> None:
    """A plain link where the rows are exactly one whole dataset, else a virtual dataset."""
    address = rows[0].destination
    whole = [(address, index) for index in range(acquisition.shapes[address][0])]
    if [(row.destination, row.index) for row in rows] != whole:
        stack(group, name, source, rows, acquisition).attrs["units"] = "counts"
    elif source == SAME_FILE:
        group[name] = group.file[address]
    else:
        group[name] = h5py.ExternalLink(source, address)
