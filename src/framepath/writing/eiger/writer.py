"""Write a series as a DECTRIS Eiger does: a master file and data files."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np

from framepath.errors import FrameRefused, SettingsError, WriteFailed
from framepath.spec.addresses import EIGER_DATA_ADDRESS, EIGER_DATA_GROUP
from framepath.spec.frame import Frame
from framepath.spec.ledger import LEDGER_DTYPE, Fate, LedgerRow
from framepath.spec.ndattribute import FRAME_CHECKSUM
from framepath.writing.eiger.data_file import DataFile, ImageDataset
from framepath.writing.eiger.master import link_data_files, write_ledger, write_tree
from framepath.writing.eiger.metadata import EigerMetadata, mask_value, series_values
from framepath.writing.eiger.series import FILE_SETTINGS, Series
from framepath.writing.output_file import OutputFile, failures_as
from framepath.writing.room import FreeSpace

_MASTER_BYTES_A_PIXEL = 16
"""What the pixel mask and the flatfield take in the master, with room to spare."""


class EigerFileWriter:
    """Write frames of one size and type to numbered data files and a master.

    A data file gets its name when it is full, or at `close`; the master at `close`, also after an
    abort, and lists the data files that exist, by bare name. Files of an earlier series with the
    same names are replaced, as the DECTRIS writer does.

    Parameters
    ----------
    directory
        Existing folder.
    name_pattern, series_id
        ``$id`` in the pattern stands for the series id.
    shape_yx, dtype
        Rows and columns of a frame; uint8, uint16 or uint32.
    images_per_file
        Frames a data file; 0 puts all frames into the master.
    image_nr_start
        Number of the first image.
    compression
        ``bslz4``, ``lz4`` or ``none``.
    format
        ``v1``: external links ``data_000001``, ...; ``v2``: one virtual dataset
        ``/entry/data/data`` (frames, y, x).
    metadata
        What the master says of the series; may be replaced until `close`.
    pixel_mask
        uint32 (y, x), see `framepath.writing.eiger.metadata.mask_value`; None is left out.
    on_data_file
        Called with the path of each data file once it is complete.
    ledger
        Keep ledger rows in the master's ``/framepath`` group.

    Attributes
    ----------
    data_paths
        Data files complete so far.
    n_received, n_stored
        Frames given to `write`, and frames in a file.

    Raises
    ------
    SettingsError
        A value is none of those above.
    """

    def __init__(
        self,
        directory: str | Path,
        name_pattern: str = "series_$id",
        series_id: int = 1,
        *,
        shape_yx: tuple[int, int],
        dtype: Any,
        images_per_file: int = 1000,
        image_nr_start: int = 1,
        compression: Literal["bslz4", "lz4", "none"] = "bslz4",
        format: Literal["v1", "v2"] = "v1",
        metadata: EigerMetadata | None = None,
        pixel_mask: np.ndarray[Any, Any] | None = None,
        on_data_file: Callable[[Path], None] | None = None,
        ledger: bool = True,
    ) -> None:
        self._series = Series(
            directory=Path(directory),
            name=name_pattern.replace("$id", str(series_id)),
            shape_yx=(int(shape_yx[0]), int(shape_yx[1])),
            dtype=np.dtype(dtype),
            images_per_file=images_per_file,
            image_nr_start=image_nr_start,
            compression=compression,
            format=format,
        )
        self.metadata = metadata or EigerMetadata()
        self._mask = _checked_mask(pixel_mask, self._series.shape_yx)
        self._on_data_file = on_data_file
        self._keeps_ledger = ledger
        self._room = FreeSpace(self._series.directory, _MASTER_BYTES_A_PIXEL * prod(shape_yx))
        self._file: DataFile | None = None
        self._master: OutputFile | None = None
        self._in_master: ImageDataset | None = None
        self._rows: list[LedgerRow] = []
        self._checksums: list[int] = []
        self._parts: list[tuple[str, int]] = []
        self._closed = False
        self.data_paths: list[Path] = []
        self.n_received = 0
        self.n_stored = 0

    @property
    def master_path(self) -> Path:
        """Where the master stands after `close`."""
        return self._series.master_path

    def write(self, frame: Frame) -> None:
        """Store one frame.

        Raises
        ------
        FrameRefused
            Another size, type or compression than the series has; the series goes on.
        WriteFailed
            The file system or HDF5 refused it, or the series is closed.
        """
        if self._closed:
            raise WriteFailed(
                "the series is closed",
                where=self.master_path,
                next_step="make another EigerFileWriter for the next series",
            )
        self.n_received += 1
        try:
            self._check(frame)
            self._room.spend(frame.n_bytes + LEDGER_DTYPE.itemsize)
            images = self._open_images()
            index = images.append(frame)
        except (FrameRefused, WriteFailed) as error:
            self._note(frame, "", -1, Fate.REFUSED, error.summary)
            raise
        self.n_stored += 1
        self._note(frame, *self._place(index), Fate.STORED)
        if self._file is not None and images.n_stored == self._series.images_per_file:
            self._finish_data_file()

    def _check(self, frame: Frame) -> None:
        series = self._series
        codec = frame.compressed.codec if frame.compressed else series.compression
        found = (frame.shape, frame.dtype.newbyteorder("="), codec)
        expected = (series.shape_yx, series.dtype, series.compression)
        if found != expected:
            raise FrameRefused(
                "the frame does not fit the series",
                found="{} {} {}".format(*found),
                expected="{} {} {}".format(*expected),
                where=f"frame {frame.unique_id}",
                next_step="begin another series after changing ROI, bit depth or compression",
            )

    def _open_images(self) -> ImageDataset:
        """Where the next frame goes, made when there is none open."""
        if self._series.images_per_file == 0:
            if self._in_master is None:
                self._in_master = ImageDataset(
                    self._open_master(), self._series.encoding(), self._series.image_nr_start
                )
            return self._in_master
        if self._file is None:
            if not self._parts:
                # An earlier master would present these data files as its own.
                self.master_path.unlink(missing_ok=True)
            low = self._series.image_nr_start + self.n_stored
            self._file = DataFile(self._series, len(self._parts) + 1, low)
        return self._file.images

    def _open_master(self) -> OutputFile:
        if self._master is None:
            self._master = OutputFile(self.master_path, FILE_SETTINGS)
        return self._master

    def _place(self, index: int) -> tuple[str, int]:
        """Address in the master, and index there, of the frame just written."""
        if self._in_master is not None or self._series.format == "v2":
            return EIGER_DATA_ADDRESS, self.n_stored - 1
        return f"{EIGER_DATA_GROUP}/data_{len(self._parts) + 1:06d}", index

    def _note(
        self, frame: Frame, destination: str, index: int, fate: Fate, reason: str = ""
    ) -> None:
        row = LedgerRow(
            *(frame.unique_id, -1, destination, index),
            *(frame.timestamp, time.time(), fate, reason),
        )
        self._rows.append(row)
        attribute = frame.attributes.get(FRAME_CHECKSUM)
        value = attribute.value if attribute else None
        self._checksums.append(value if isinstance(value, int) else -1)

    def _finish_data_file(self) -> None:
        assert self._file is not None
        done, self._file = self._file, None
        try:
            done.close()
        except WriteFailed as error:
            self._lose(done.images.n_stored, error.summary)
            raise
        self._parts.append((done.path.name, done.images.n_stored))
        self.data_paths.append(done.path)
        if self._on_data_file is not None:
            self._on_data_file(done.path)

    def _lose(self, n_frames: int, reason: str) -> None:
        """Take back the rows of a data file that could not be finished."""
        self.n_stored -= n_frames
        stored = [at for at, row in enumerate(self._rows) if row.fate == Fate.STORED]
        for at in stored[len(stored) - n_frames :]:
            self._rows[at] = self._rows[at]._replace(index=-1, fate=Fate.REFUSED, reason=reason)

    def close(self) -> None:
        """Finish the last data file and write the master; after an abort too.

        Raises
        ------
        WriteFailed
            A file could not be finished. Data files complete before keep their names.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if self._file is not None:
                self._finish_data_file()
        finally:
            self._write_master()

    def _write_master(self) -> None:
        series = self._series
        output = self._open_master()
        with failures_as("the master cannot be written", output.working_path):
            values = [
                *self.metadata.values(series.format, self.n_stored),
                *series_values(series.format, series.shape_yx, series.dtype, series.compression),
            ]
            if self._mask is not None:
                values.append(mask_value(series.format, self._mask))
            if self._in_master is not None:
                self._in_master.finish()
                output.h5[EIGER_DATA_GROUP].attrs["signal"] = "data"
            else:
                link_data_files(output.h5, series, self._parts)
            write_tree(output.h5, values)
            if self._keeps_ledger:
                write_ledger(output.h5, self._rows, self._checksums)
        output.close()

    def __enter__(self) -> EigerFileWriter:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _checked_mask(
    mask: np.ndarray[Any, Any] | None, shape_yx: tuple[int, int]
) -> np.ndarray[Any, np.dtype[np.uint32]] | None:
    if mask is None:
        return None
    if mask.shape != shape_yx:
        raise SettingsError("the pixel mask does not fit", found=mask.shape, expected=shape_yx)
    return mask.astype(np.uint32)
