"""Do stored pixels still have the checksum that the driver took of them?"""

from __future__ import annotations

from collections.abc import Iterator

from framepath.files.checks.evidence import Evidence
from framepath.files.checks.rules import finding
from framepath.files.checks.stored import dataset_at
from framepath.spec.addresses import CHECKSUMS_ADDRESS
from framepath.spec.findings import Finding
from framepath.spec.frame import checksum
from framepath.spec.ledger import LedgerRow
from framepath.spec.ndattribute import FRAME_CHECKSUM


def checksummed_rows(evidence: Evidence) -> list[tuple[LedgerRow, int]]:
    """Rows of stored frames whose checksum is in the file, each with it."""
    beside_ledger = dataset_at(evidence.file, CHECKSUMS_ADDRESS)
    attribute = evidence.attributes.get(FRAME_CHECKSUM)
    if beside_ledger is not None:
        pairs = zip(evidence.rows, beside_ledger[:].tolist(), strict=False)
    elif attribute is not None:
        pairs = zip(evidence.attribute_rows, attribute.values().tolist(), strict=False)
    else:
        return []
    return [(row, value) for row, value in pairs if row.index >= 0 and value >= 0]


def check_pixels(evidence: Evidence) -> Iterator[Finding]:
    """Read every frame that has a checksum and compare; yields what differs."""
    frames_at = {frames.address: frames for frames in evidence.stored}
    for row, expected in checksummed_rows(evidence):
        frames = frames_at.get(row.destination)
        if frames is None or row.index >= frames.n_length:
            continue  # reported as a row without its frame
        found = checksum(frames.read(row.index))
        if found != expected:
            where = f"{evidence.file.filename}:{row.destination}[{row.index}]"
            text = f"checksum {found}, where frame {row.unique_id} left the driver with {expected}"
            yield finding("ledger-checksum", found=text, where=where)
