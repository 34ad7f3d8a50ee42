"""Do stored pixels still have the checksum that the driver took of them?"""

from __future__ import annotations

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


def check_pixels(evidence: Evidence) -> tuple[int, list[Finding]]:
    """Read every frame that has a checksum; returns how many, and a finding for each that differs.

    Frames that a row promises and the file does not hold are left to the other checks.
    """
    frames_at = {frames.address: frames for frames in evidence.stored}
    n_compared = 0
    findings: list[Finding] = []
    for row, expected in checksummed_rows(evidence):
        frames = frames_at.get(row.destination)
        if frames is None or row.index >= frames.n_length or not frames.written[row.index]:
            continue
        n_compared += 1
        found = checksum(frames.read(row.index))
        if found != expected:
            where = f"{evidence.file.filename}:{row.destination}[{row.index}]"
            text = f"checksum {found}, where frame {row.unique_id} left the driver with {expected}"
            findings.append(finding("ledger-checksum", found=text, where=where))
    return n_compared, findings
