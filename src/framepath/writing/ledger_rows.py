"""The ledger in the file: one row a frame, appended in blocks."""

from __future__ import annotations

import h5py
import numpy as np

from framepath.spec.addresses import LEDGER_ADDRESS
from framepath.spec.ledger import LEDGER_DTYPE, LedgerRow
from framepath.writing.growing import GrowingDataset
from framepath.writing.hdf5_values import fitting_bytes

_CHUNK_ROWS = 256
LEDGER_CHUNK_BYTES = _CHUNK_ROWS * LEDGER_DTYPE.itemsize
_TEXT_BYTES = {name: LEDGER_DTYPE[name].itemsize for name in ("destination", "reason")}


class LedgerDataset:
    """Rows waiting for the next flush, and the dataset they go to."""

    def __init__(self, file: h5py.h5f.FileID) -> None:
        links = h5py.h5p.create(h5py.h5p.LINK_CREATE)
        links.set_create_intermediate_group(True)
        self._dataset = GrowingDataset.create(
            *(file, LEDGER_ADDRESS, h5py.h5t.py_create(LEDGER_DTYPE, logical=True)),
            *(_CHUNK_ROWS, None, links),
        )
        self._waiting: list[LedgerRow] = []

    def add(self, row: LedgerRow) -> None:
        """Keep a row for the next flush."""
        self._waiting.append(row)

    def write(self) -> None:
        """Append the waiting rows to the dataset."""
        if not self._waiting:
            return
        rows, self._waiting = self._waiting, []
        self._dataset.append(np.array([_stored(row) for row in rows], LEDGER_DTYPE))

    def flush(self) -> None:
        """Make what was written visible to readers."""
        self._dataset.flush()


def _stored(row: LedgerRow) -> tuple[object, ...]:
    return row._replace(  # type: ignore[return-value]
        destination=fitting_bytes(row.destination, _TEXT_BYTES["destination"]),  # type: ignore[arg-type]
        reason=fitting_bytes(row.reason, _TEXT_BYTES["reason"]),  # type: ignore[arg-type]
    )
