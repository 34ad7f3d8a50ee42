"""What a file says about its frames: the datasets of frames, and one row a frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import nan

import h5py
import hdf5plugin  # noqa: F401  (registers the filters that frames are compressed with)

from framepath.files.checks.eiger import is_eiger_series, read_series
from framepath.files.checks.placing import Destinations, frame_type_of, object_id, place
from framepath.files.checks.rows import (
    TIME_STAMP,
    UNIQUE_ID,
    AttributeRows,
    destination_rows,
    find_attributes,
    ledger_rows,
)
from framepath.files.checks.rules import finding
from framepath.files.checks.stored import (
    StoredFrames,
    dataset_at,
    is_frame_dataset,
    item_at,
    looks_like_frames,
    stored_frames,
    walk_datasets,
)
from framepath.spec.addresses import LEDGER_ADDRESS
from framepath.spec.findings import Finding
from framepath.spec.frame_type import FrameType
from framepath.spec.ledger import Fate, LedgerRow


@dataclass(slots=True)
class Evidence:
    """An open file's frames and rows, before any judgement.

    Attributes
    ----------
    file
        The open file.
    stored
        Datasets of frames, in the order in which they were found.
    rows
        One a frame in acquisition order: from framepath's ledger where there is one, else from the
        NDAttribute datasets, the image numbers of an Eiger series, or image_key.
    ledger
        Rows of framepath's ledger alone; None where the file has none.
    attribute_rows
        Rows of the NDAttribute datasets alone; empty where the file has none.
    attributes
        NDAttribute datasets by name.
    findings
        What was met while gathering.
    """

    file: h5py.File
    stored: list[StoredFrames] = field(default_factory=list[StoredFrames])
    rows: list[LedgerRow] = field(default_factory=list[LedgerRow])
    ledger: list[LedgerRow] | None = None
    attribute_rows: list[LedgerRow] = field(default_factory=list[LedgerRow])
    attributes: dict[str, AttributeRows] = field(default_factory=dict[str, AttributeRows])
    findings: list[Finding] = field(default_factory=list[Finding])


def gather(file: h5py.File) -> Evidence:
    """Find the datasets of frames and the rows of an open file."""
    evidence = Evidence(file)
    if is_eiger_series(file):
        series = read_series(file)
        evidence.stored, evidence.rows = series.stored, series.rows
        evidence.findings += series.findings
    else:
        _gather_datasets(evidence)
    ledger = dataset_at(file, LEDGER_ADDRESS)
    if ledger is not None:
        evidence.ledger = ledger_rows(ledger)
        n_known = sum(row.index >= 0 for row in evidence.ledger)
        # A killed writer may have flushed NDAttributes of frames whose ledger rows it had not.
        evidence.rows = evidence.ledger + evidence.attribute_rows[n_known:]
    return evidence


def _gather_datasets(evidence: Evidence) -> None:
    file = evidence.file
    evidence.attributes = find_attributes(file)
    found = {a: d for a, d in walk_datasets(file) if is_frame_dataset(d)}
    if not found:
        found = {a: d for a, d in walk_datasets(file) if looks_like_frames(d)}
        found |= _linked_frames(evidence)
    by_id = {object_id(d): stored_frames(a, d) for a, d in reversed(found.items())}
    destinations = Destinations(file, dict(reversed(by_id.items())))
    _place_attribute_rows(evidence, destinations)
    evidence.stored = list(destinations.stored.values())
    if not evidence.rows:
        _take_image_keys(evidence, destinations)


def _linked_frames(evidence: Evidence) -> dict[str, h5py.Dataset]:
    """Datasets of frames behind external links; links that lead nowhere become one finding."""
    found: dict[str, h5py.Dataset] = {}
    broken: list[str] = []

    def follow(name: str, link: object) -> None:
        if not isinstance(link, h5py.ExternalLink):
            return
        item = item_at(evidence.file, f"/{name}")
        if item is None:
            broken.append(f"/{name}")
        elif isinstance(item, h5py.Dataset) and looks_like_frames(item):
            found[f"/{name}"] = item

    evidence.file.visititems_links(follow)
    if broken:
        text = f"{len(broken)} external links that lead nowhere, such as {broken[0]}"
        where = evidence.file.filename
        evidence.findings.append(finding("ledger-broken-link", found=text, where=where))
    return found


def _place_attribute_rows(evidence: Evidence, destinations: Destinations) -> None:
    ids = evidence.attributes.get(UNIQUE_ID)
    if ids is None:
        return
    routing = destination_rows(
        evidence.attributes.values(), ids.n_rows, lambda name: destinations.at(name) is not None
    )
    # A killed writer leaves columns of different length: what all have is a row.
    names = list(routing.values())[: ids.n_rows] if routing else [""] * ids.n_rows
    n = len(names)
    _use_spelling_of_rows(names, destinations)
    times = evidence.attributes.get(TIME_STAMP)
    stamps = times.values()[:n].tolist() if times and times.n_rows >= n else [nan] * n
    evidence.attribute_rows = place(ids.values()[:n].tolist(), stamps, names, destinations)
    evidence.rows = evidence.attribute_rows


def _use_spelling_of_rows(names: list[str], destinations: Destinations) -> None:
    """Call each dataset what the rows call it, where hard links give it several addresses."""
    used = set(names)
    for name in dict.fromkeys(names):
        frames = destinations.at(name)
        if frames is not None and frames.address not in used:
            destinations.stored[object_id(frames.dataset)] = replace(frames, address=name)


def _take_image_keys(evidence: Evidence, destinations: Destinations) -> None:
    """Rows of a file that has no unique ids but an NXtomo image_key beside its data.

    Other datasets are then left out: they are views of the same frames.
    """
    keyed: dict[str, StoredFrames] = {}
    for address, keys in walk_datasets(evidence.file):
        group, _, leaf = address.rpartition("/")
        frames = destinations.at(f"{group}/data") if leaf == "image_key" else None
        if frames is None or frames.address in keyed or keys.ndim != 1:
            continue
        keyed[frames.address] = frames
        evidence.rows += _image_key_rows(frames, keys[: frames.n_length].tolist())
        if len(keys) != frames.n_length:
            text = f"{len(keys)} keys for {frames.n_length} frames"
            where = f"{evidence.file.filename}:{address}"
            evidence.findings.append(finding("ledger-image-key-length", found=text, where=where))
    evidence.stored = list(keyed.values()) or evidence.stored


def _image_key_rows(frames: StoredFrames, keys: list[int]) -> Iterator[LedgerRow]:
    for index, key in enumerate(keys):
        try:
            kind = int(FrameType.of_image_key(key))
        except ValueError:
            kind = -1
        yield LedgerRow(-1, kind, frames.address, index, nan, nan, Fate.STORED)


def frame_type_in(row: LedgerRow) -> FrameType | None:
    """Frame type of a row: as the writer said, else as the destination's name tells."""
    return FrameType(row.frame_type) if row.frame_type >= 0 else frame_type_of(row.destination)
