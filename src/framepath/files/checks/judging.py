"""The judgements of the ledger audit: each takes the evidence and yields its findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from framepath.files.checks.evidence import Evidence
from framepath.files.checks.rows import UNIQUE_ID, missing_ids, repeated_ids
from framepath.files.checks.rules import finding
from framepath.files.checks.stored import StoredFrames
from framepath.spec.addresses import LEDGER_ADDRESS
from framepath.spec.findings import Finding
from framepath.spec.ledger import Fate, LedgerRow

_SHOWN = 5


def ranges_text(ranges: Sequence[tuple[int, int]]) -> str:
    """``3, 7-9, ... (12 ranges)``: the first few ranges, and how many there are."""
    parts = [str(low) if low == high else f"{low}-{high}" for low, high in ranges[:_SHOWN]]
    more = [f"... ({len(ranges)} ranges)"] if len(ranges) > _SHOWN else []
    return ", ".join(parts + more)


def as_ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Rising integers as (first, last) of each run without a hole."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def placed(rows: Sequence[LedgerRow]) -> dict[str, list[LedgerRow]]:
    """Rows of stored frames by destination, each in acquisition order."""
    by_destination: dict[str, list[LedgerRow]] = {}
    for row in rows:
        if row.index >= 0:
            by_destination.setdefault(row.destination, []).append(row)
    return by_destination


def is_untouched(frames: StoredFrames) -> bool:
    """ADCore's (1, y, x) of fill for a dataset that received no frame (layout 6d.4)."""
    return frames.n_stored == 0 and frames.n_length <= 1


def _address(evidence: Evidence, address: str) -> str:
    return f"{evidence.file.filename}:{address}"


def _nothing_to_count(evidence: Evidence) -> Iterator[Finding]:
    where = evidence.file.filename
    if not evidence.stored:
        yield finding("ledger-no-frames", found="no dataset of frames", where=where)
    elif not evidence.rows and any(f.n_stored for f in evidence.stored):
        yield finding("ledger-no-rows", found="frames without identity", where=where)


def _no_destination(evidence: Evidence) -> Iterator[Finding]:
    lost = sum(1 for r in evidence.rows if r.index < 0 and r.fate == Fate.STORED)
    if lost:
        holders = [f.address for f in evidence.stored if f.n_stored]
        text = f"{lost} rows for frames in {' and '.join(holders)}"
        yield finding("ledger-no-destination", found=text, where=evidence.file.filename)


def _unique_ids(evidence: Evidence) -> Iterator[Finding]:
    ids = [row.unique_id for row in evidence.rows if row.unique_id >= 0]
    held = evidence.attributes.get(UNIQUE_ID)
    where = _address(evidence, held.address) if held else evidence.file.filename
    if gaps := missing_ids(ids):
        n = sum(high - low + 1 for low, high in gaps)
        text = f"{n} of ids {min(ids)}-{max(ids)} missing: {ranges_text(gaps)}"
        yield finding("ledger-gap", found=text, where=where)
    if repeats := repeated_ids(ids):
        text = f"{len(ids) - len(set(ids))} repeats, of ids {ranges_text(as_ranges(repeats))}"
        yield finding("ledger-repeat", found=text, where=where)
    if falls := [i + 1 for i, (a, b) in enumerate(pairwise(ids)) if b < a]:
        first = falls[0]
        text = f"{len(falls)} falls, first in row {first}: {ids[first]} after {ids[first - 1]}"
        yield finding("ledger-order", found=text, where=where)


def _fates(evidence: Evidence) -> Iterator[Finding]:
    """Frames that are elsewhere than they said, or nowhere, as their own rows tell."""
    holders = {frames.address for frames in evidence.stored}
    strays: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for row in evidence.rows:
        if row.fate == Fate.STORED_IN_DEFAULT:
            strays[f"{row.reason}, in {row.destination}"] += 1
        elif row.fate != Fate.STORED and evidence.ledger is not None:
            refused[row.reason or row.fate.name.lower()] += 1
        elif row.fate != Fate.STORED and row.destination not in holders:
            strays[f"{row.reason}, stored nowhere"] += 1
    for rule, counts in (("ledger-unknown-destination", strays), ("ledger-refused", refused)):
        for reason, n in counts.items():
            text = f"{n} frames: {reason}"
            yield finding(rule, found=text, where=evidence.file.filename)


def _rows_against_frames(evidence: Evidence) -> Iterator[Finding]:
    by_destination = placed(evidence.rows)
    # A row that names no dataset may be the one of any frame.
    all_placed = bool(evidence.rows) and not list(_no_destination(evidence))
    for frames in evidence.stored:
        rows = by_destination.pop(frames.address, [])
        held = {r.index for r in rows if r.index < frames.n_length and frames.written[r.index]}
        promised = sum(1 for r in evidence.rows if r.destination == frames.address)
        # The ledger knows why a row has no frame; other rows promise one.
        lost = (promised if evidence.ledger is None else len(rows)) - len(held)
        where = _address(evidence, frames.address)
        if lost > 0:
            text = f"{lost} rows more than frames ({frames.n_stored} stored)"
            yield finding("ledger-rows-without-frames", found=text, where=where)
        if all_placed and frames.n_stored > len(held):
            text = f"{frames.n_stored - len(held)} of {frames.n_stored} frames have no row"
            yield finding("ledger-frames-without-rows", found=text, where=where)
    for address, rows in by_destination.items():
        text = f"{len(rows)} rows, and no such dataset"
        where = _address(evidence, address)
        yield finding("ledger-rows-without-frames", found=text, where=where)


def _never_written(evidence: Evidence) -> Iterator[Finding]:
    for frames in evidence.stored:
        where = _address(evidence, frames.address)
        if frames.missing_sources:
            names = ", ".join(frames.missing_sources[:_SHOWN])
            text = f"{len(frames.missing_sources)} sources missing or too short: {names}"
            yield finding("ledger-missing-source", found=text, where=where)
        elif frames.n_stored < frames.n_length and not is_untouched(frames):
            holes = as_ranges([i for i, held in enumerate(frames.written.tolist()) if not held])
            n = frames.n_length - frames.n_stored
            text = f"{n} of {frames.n_length} frames never written: {ranges_text(holes)}"
            yield finding("ledger-never-written", found=text, where=where)


def _all_fill(evidence: Evidence) -> Iterator[Finding]:
    for frames in evidence.stored:
        if empty := list(frames.all_fill()):
            text = f"{len(empty)} frames of {frames.dataset.fillvalue} only: "
            text += ranges_text(as_ranges(empty))
            yield finding("ledger-all-fill", found=text, where=_address(evidence, frames.address))


def _attribute_lengths(evidence: Evidence) -> Iterator[Finding]:
    ids = evidence.attributes.get(UNIQUE_ID)
    if ids is None:
        return
    for attribute in evidence.attributes.values():
        # One row is an attribute taken at file open or close (layout 6n.4).
        if attribute.n_rows not in (1, ids.n_rows):
            text = f"{attribute.n_rows} rows, where NDArrayUniqueId has {ids.n_rows}"
            where = _address(evidence, attribute.address)
            yield finding("ledger-attribute-length", found=text, where=where)


def _two_ledgers(evidence: Evidence) -> Iterator[Finding]:
    if not evidence.attribute_rows or evidence.ledger is None:
        return
    kept = [(r.unique_id, r.destination, r.index) for r in evidence.ledger if r.index >= 0]
    attributes = [(r.unique_id, r.destination, r.index) for r in evidence.attribute_rows]
    where = _address(evidence, LEDGER_ADDRESS)
    for row, (ours, theirs) in enumerate(zip(kept, attributes, strict=False)):
        if ours != theirs:
            text = f"{ours} against {theirs} of the NDAttribute rows, at stored frame {row}"
            yield finding("ledger-disagrees", found=text, where=where)
            return
    if len(kept) != len(attributes):
        text = f"{len(kept)} rows of stored frames, where NDArrayUniqueId has {len(attributes)}"
        yield finding("ledger-attribute-length", found=text, where=where)


JUDGEMENTS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    _nothing_to_count,
    _no_destination,
    _unique_ids,
    _fates,
    _rows_against_frames,
    _never_written,
    _all_fill,
    _attribute_lengths,
    _two_ledgers,
)
"""Every judgement that the audit always makes, in the order of its report."""
