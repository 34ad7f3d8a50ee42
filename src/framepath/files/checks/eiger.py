"""A DECTRIS series: a master file, the data files that it links to, their image numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from pathlib import Path

import h5py
import numpy as np

from framepath.files.checks.rules import finding
from framepath.files.checks.stored import StoredFrames, dataset_at, stored_frames
from framepath.spec.addresses import EIGER_DATA_ADDRESS, EIGER_DATA_GROUP
from framepath.spec.findings import Finding
from framepath.spec.frame_type import FrameType
from framepath.spec.ledger import Fate, LedgerRow

_DATA_NAME = re.compile(r"data_\d{6}")
_SPECIFIC = "/entry/instrument/detector/detectorSpecific"


@dataclass(frozen=True, slots=True)
class Series:
    """The frames of a master (or a lone data file) and one row a frame.

    The unique id of a row is the image number (1-based, from ``image_nr_low``).
    """

    stored: list[StoredFrames]
    rows: list[LedgerRow]
    findings: list[Finding]


def is_eiger_series(file: h5py.File) -> bool:
    """Whether ``/entry/data`` holds numbered datasets, or one with image numbers."""
    return bool(_data_names(file))


def _data_names(file: h5py.File) -> list[str]:
    """``data_000001`` and the like (v1), else ``data`` if it has image numbers (v2, data files)."""
    group = file.get(EIGER_DATA_GROUP)
    if not isinstance(group, h5py.Group):
        return []
    names = sorted(name for name in map(str, group) if _DATA_NAME.fullmatch(name))
    single = dataset_at(file, EIGER_DATA_ADDRESS)
    if not names and single is not None and "image_nr_low" in single.attrs:
        names = [EIGER_DATA_ADDRESS.rpartition("/")[2]]
    return names


def read_series(file: h5py.File) -> Series:
    """Follow a master's links; read shapes, chunk indexes and image numbers, no pixels."""
    series = Series([], [], [])
    expected_low: int | None = None
    for name in _data_names(file):
        address = f"{EIGER_DATA_GROUP}/{name}"
        dataset = dataset_at(file, address)
        if dataset is None:
            link = file.get(address, getlink=True)
            target = link.filename if isinstance(link, h5py.ExternalLink) else address
            series.findings.append(
                finding(
                    "eiger-missing-file", found=f"no {target}", where=f"{file.filename}:{address}"
                )
            )
            expected_low = None
            continue
        frames = stored_frames(address, dataset)
        low = _checked_low(series, frames, expected_low)
        expected_low = low + frames.n_length
        series.stored.append(frames)
        series.rows.extend(_rows(frames, low))
    _check_count(file, series)
    _check_folder(file, series)
    return series


def _rows(frames: StoredFrames, low: int) -> list[LedgerRow]:
    return [
        LedgerRow(low + i, FrameType.IMAGE, frames.address, i, nan, nan, Fate.STORED)
        for i in range(frames.n_length)
        if frames.written[i]
    ]


def _checked_low(series: Series, frames: StoredFrames, expected: int | None) -> int:
    """First image number of a data file, with a finding where it does not fit."""
    attributes = dict(frames.dataset.attrs)
    where = f"{frames.dataset.file.filename}:{frames.dataset.name}"
    if "image_nr_low" not in attributes or "image_nr_high" not in attributes:
        text = "no image_nr_low or no image_nr_high"
        series.findings.append(finding("eiger-image-number", found=text, where=where))
        return 1 if expected is None else expected
    low, high = (int(np.asarray(attributes[f"image_nr_{end}"]).item()) for end in ("low", "high"))
    if high - low + 1 != frames.n_length or (expected is not None and low != expected):
        before = "" if expected is None else f", where {expected} follows"
        text = f"image_nr {low} to {high} for {frames.n_length} frames{before}"
        series.findings.append(finding("eiger-image-number", found=text, where=where))
    return low


def _check_count(file: h5py.File, series: Series) -> None:
    counts = [dataset_at(file, f"{_SPECIFIC}/{name}") for name in ("nimages", "ntrigger")]
    n_frames = sum(frames.n_stored for frames in series.stored)
    values = [int(dataset[()]) for dataset in counts if dataset is not None]
    if len(values) == 2 and values[0] * values[1] != n_frames:
        text = f"{n_frames} frames; nimages {values[0]} x ntrigger {values[1]}"
        series.findings.append(finding("eiger-count", found=text, where=file.filename))


def _check_folder(file: h5py.File, series: Series) -> None:
    """Data files of this name that the master does not list, left by an earlier series."""
    master = Path(file.filename)
    if not master.name.endswith("_master.h5"):
        return
    listed = {Path(name).name for name in _linked_files(file)}
    pattern = re.compile(re.escape(master.name.removesuffix("_master.h5")) + r"_data_\d{6}\.h5")
    beside = {p.name for p in master.parent.iterdir() if pattern.fullmatch(p.name)}
    if unlisted := sorted(beside - listed):
        text = ", ".join(unlisted[:3]) + (" ..." if len(unlisted) > 3 else "")
        series.findings.append(finding("eiger-unlisted-file", found=text, where=str(master.parent)))


def _linked_files(file: h5py.File) -> Iterator[str]:
    """Names of the files that a master's data lie in, as written."""
    for name in _data_names(file):
        address = f"{EIGER_DATA_GROUP}/{name}"
        link = file.get(address, getlink=True)
        dataset = dataset_at(file, address)
        if isinstance(link, h5py.ExternalLink):
            yield link.filename
        elif dataset is not None and dataset.is_virtual:
            yield from (source.file_name for source in dataset.virtual_sources())
