"""NDAttributes of frames as columns of their event stream."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import h5py
from event_model import DataKey

from framepath.errors import SettingsError, StagingError
from framepath.files.checks.stored import dataset_at, walk_datasets
from framepath.files.opened import FileSet

_JSON_TYPES: dict[str, Literal["integer", "number", "string"]] = {
    "i": "integer",
    "u": "integer",
    "f": "number",
    "S": "string",
}


FLUSHED_S = 10.0
"""Seconds for rows of stored frames to be flushed; a writer may flush them after the frames."""

Answer = TypeVar("Answer")


def once_flushed(read: Callable[[], Answer]) -> Answer:
    """What ``read`` returns, asked again for `FLUSHED_S` while it raises StagingError."""
    until = time.monotonic() + FLUSHED_S
    pause = threading.Event()
    while True:
        try:
            return read()
        except StagingError:
            if time.monotonic() > until:
                raise
        pause.wait(0.02)


class AttributeColumns:
    """Chosen NDAttributes, read from the rows of an image file while it grows.

    Parameters
    ----------
    detector_name
        Prefix of the columns' keys: ``simdet_Theta``.
    names
        NDAttributes wanted, as they are called in the attributes file.
    """

    def __init__(self, detector_name: str, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self._detector_name = detector_name
        self._path: Path | None = None
        self._addresses: dict[str, str] = {}

    def key(self, name: str) -> str:
        """Data key of an attribute."""
        return f"{self._detector_name}_{name}"

    def describe(self, path: Path) -> dict[str, DataKey]:
        """Data keys, with the types that the file stores.

        Raises
        ------
        SettingsError
            The file does not store one of the attributes.
        """
        if not self.names:
            return {}
        with FileSet() as files:
            file = files.open(path).h5
            self._find(file, path)
            return {self.key(n): _data_key(d) for n, d in self._datasets(file)}

    def n_rows(self, path: Path) -> int:
        """Rows that every column has by now; there must be a column.

        Raises
        ------
        SettingsError
            The file does not store one of the attributes.
        """
        with FileSet() as files:
            file = files.open(path).h5
            self._find(file, path)
            return min(len(dataset) for _, dataset in self._datasets(file))

    def read(self, path: Path, first: int, n_rows: int) -> dict[str, list[Any]]:
        """Values of ``n_rows`` frames from row ``first`` of the file on, by data key.

        Raises
        ------
        SettingsError
            The file does not store one of the attributes.
        StagingError
            The values do not come into the file, though their frames have.
        """
        if not self.names:
            return {}
        return once_flushed(lambda: self._read(path, first, n_rows))

    def _read(self, path: Path, first: int, n_rows: int) -> dict[str, list[Any]]:
        with FileSet() as files:
            file = files.open(path).h5
            self._find(file, path)
            return {self.key(n): _rows(d, first, n_rows) for n, d in self._datasets(file)}

    def _datasets(self, file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
        for name, address in self._addresses.items():
            dataset = dataset_at(file, address)
            assert dataset is not None
            yield name, dataset

    def _find(self, file: h5py.File, path: Path) -> None:
        if self._path == path:
            return
        stored = {_attribute_of(dataset): address for address, dataset in walk_datasets(file)}
        missing = [name for name in self.names if name not in stored]
        if missing:
            raise SettingsError(
                "the image file does not store these NDAttributes",
                found=", ".join(missing),
                expected=", ".join(sorted(filter(None, stored))),
                where=path,
                next_step="correct det.columns, or add them to the attributes file",
            )
        self._addresses = {name: stored[name] for name in self.names}
        self._path = path


def _attribute_of(dataset: h5py.Dataset) -> str:
    """NDAttribute that a dataset holds one value a frame of; "" for any other dataset."""
    name = dataset.attrs.get("NDAttrName", b"")
    return name.decode() if isinstance(name, bytes) else str(name)


def _data_key(dataset: h5py.Dataset) -> DataKey:
    return DataKey(
        source=f"file:{dataset.name}",
        dtype=_JSON_TYPES[dataset.dtype.kind],
        dtype_numpy=dataset.dtype.str,
        shape=[],
    )


def _rows(dataset: h5py.Dataset, first: int, n_rows: int) -> list[Any]:
    if len(dataset) < first + n_rows:
        raise StagingError(
            "values of an NDAttribute are not in the file yet, though their frames are",
            found=f"{len(dataset)} rows of {dataset.name}",
            expected=f"{first + n_rows}",
            where=dataset.file.filename,
            next_step="an attribute with when=OnFileOpen has one value a file; a C++ IOC flushes "
            "attributes a chunk at a time, so put 1 to HDF1:NDAttributeChunk there",
        )
    values = dataset[first : first + n_rows].tolist()
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values]
