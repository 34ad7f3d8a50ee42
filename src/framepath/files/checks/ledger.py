"""The ledger audit: does a file hold every frame that it should, where its rows say?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from os import PathLike, fspath

from framepath.files.checks.evidence import Evidence, frame_type_in, gather
from framepath.files.checks.judging import JUDGEMENTS
from framepath.files.checks.pixels import check_pixels
from framepath.files.checks.placing import frame_type_of
from framepath.files.checks.rows import UNIQUE_ID, missing_ids
from framepath.files.checks.rules import finding
from framepath.files.checks.stored import StoredFrames
from framepath.files.opened import FileSet
from framepath.spec.findings import Finding, Severity
from framepath.spec.ledger import LedgerRow


@dataclass(frozen=True, slots=True)
class DestinationCount:
    """The frames of one dataset.

    Attributes
    ----------
    destination
        HDF5 address.
    frame_types
        Frames by the name of their type, as the rows say or the address tells; {} where neither
        does.
    n_received
        Rows that say the frame belongs here; None for a file without rows.
    n_stored
        Frames whose data is there.
    n_length
        Frames that the dataset's shape promises.
    n_gaps
        Unique ids missing directly before frames of this dataset.
    """

    destination: str
    frame_types: dict[str, int]
    n_received: int | None
    n_stored: int
    n_length: int
    n_gaps: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What `audit` found.

    Attributes
    ----------
    file
        Path as given.
    rows
        One a frame, in acquisition order; () for a file that has none.
    counts
        One a dataset of frames.
    n_missing_ids, n_repeated_ids
        NDArrayUniqueId values missing between the least and the greatest, and rows that repeat one.
    n_complete
        Frames that are whole: the least over the stored frames and all per-frame rows.
    n_checksums
        Frames whose pixels were compared with a checksum.
    findings
        In the order of the checks; none means that nothing is wrong.
    """

    file: str
    rows: tuple[LedgerRow, ...]
    counts: tuple[DestinationCount, ...]
    n_missing_ids: int
    n_repeated_ids: int
    n_complete: int
    n_checksums: int
    findings: tuple[Finding, ...]

    @property
    def n_stored(self) -> int:
        """Frames stored, over all datasets."""
        return sum(count.n_stored for count in self.counts)

    @property
    def ok(self) -> bool:
        """No finding above a note."""
        return all(f.severity == Severity.NOTE for f in self.findings)

    def as_json(self) -> dict[str, object]:
        """Plain values for ``--json``; times that are not known are None."""
        return {
            "file": self.file,
            "rows": [_row_as_json(row) for row in self.rows],
            "counts": {
                "destinations": [asdict(count) for count in self.counts],
                "n_rows": len(self.rows),
                "n_stored": self.n_stored,
                "n_complete": self.n_complete,
                "n_missing_ids": self.n_missing_ids,
                "n_repeated_ids": self.n_repeated_ids,
                "n_checksums": self.n_checksums,
            },
            "findings": [f.as_json() for f in self.findings],
        }


def audit(path: str | PathLike[str], *, verify_pixels: bool = False) -> Audit:
    """Account for every frame of an HDF5 file, whoever wrote it.

    Parameters
    ----------
    path
        Image file, Eiger master file, or a master of another kind; it is opened for reading only.
    verify_pixels
        Also read every frame that has a checksum in the file and compare.

    Raises
    ------
    FileMissing, FileUnreadable
        No HDF5 file, or a writer that does not use SWMR has it, or died with it.
    """
    with FileSet() as files:
        opened = files.open(path)
        evidence = gather(opened.h5)
        findings = list(evidence.findings)
        if opened.live:
            text = "the mark of a writer that is still at work, or was killed"
            findings.append(finding("ledger-open-for-write", found=text, where=fspath(path)))
        for judgement in JUDGEMENTS:
            findings.extend(judgement(evidence))
        n_checksums = 0
        if verify_pixels:
            n_checksums, differing = check_pixels(evidence)
            findings.extend(differing)
        ids = [row.unique_id for row in evidence.rows if row.unique_id >= 0]
        return Audit(
            file=fspath(path),
            rows=tuple(evidence.rows),
            counts=tuple(_counts(evidence)),
            n_missing_ids=sum(high - low + 1 for low, high in missing_ids(ids)),
            n_repeated_ids=sum(n - 1 for n in Counter(ids).values()),
            n_complete=_n_complete(evidence),
            n_checksums=n_checksums,
            findings=tuple(findings),
        )


def _counts(evidence: Evidence) -> list[DestinationCount]:
    received = Counter(row.destination for row in evidence.rows)
    gaps = _gaps(evidence.rows)
    stored = {frames.address: frames for frames in evidence.stored}
    counts: list[DestinationCount] = []
    for address in dict.fromkeys([*stored, *received]):
        frames = stored.get(address)
        counts.append(
            DestinationCount(
                destination=address,
                frame_types=_frame_types(evidence.rows, address, frames),
                n_received=received[address] if evidence.rows else None,
                n_stored=frames.n_stored if frames else 0,
                n_length=frames.n_length if frames else 0,
                n_gaps=gaps[address],
            )
        )
    return counts


def _frame_types(
    rows: Sequence[LedgerRow], address: str, frames: StoredFrames | None
) -> dict[str, int]:
    types = Counter(frame_type_in(row) for row in rows if row.destination == address)
    if not types and frames is not None:
        types[frame_type_of(address)] = frames.n_stored
    return {kind.name.lower(): n for kind, n in types.items() if kind is not None}


def _gaps(rows: Sequence[LedgerRow]) -> Counter[str]:
    """Missing ids by the destination of the frame that follows them."""
    known = sorted((r for r in rows if r.unique_id >= 0), key=lambda r: r.unique_id)
    gaps: Counter[str] = Counter()
    for before, after in pairwise(known):
        gaps[after.destination] += max(0, after.unique_id - before.unique_id - 1)
    return gaps


def _n_complete(evidence: Evidence) -> int:
    n_stored = sum(frames.n_stored for frames in evidence.stored)
    ids = evidence.attributes.get(UNIQUE_ID)
    if ids is None:
        return n_stored
    # One row is an attribute taken at file open or close (layout 6n.4), unless it is the frames'.
    lengths = [a.n_rows for a in evidence.attributes.values() if a.n_rows != 1]
    return min([n_stored, ids.n_rows, *lengths])


def _row_as_json(row: LedgerRow) -> dict[str, object]:
    values = row._asdict() | {"fate": row.fate.name.lower()}
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in values.items()}
