"""The file writer of an Eiger: one series of files, and frames that come back from them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from framepath.detector.drivers.base import ExposureSettings
from framepath.detector.drivers.eiger_metadata import number
from framepath.errors import SettingsError, StagingError
from framepath.files.open_frames import open_frames
from framepath.spec.addresses import EIGER_DATA_ADDRESS
from framepath.spec.frame import DataType, Frame, checksum
from framepath.spec.ndattribute import (
    FRAME_CHECKSUM,
    NDAttribute,
    NDAttrSourceType,
    NDAttrType,
)
from framepath.writing.eiger import EigerFileWriter, EigerMetadata

Pixels = np.ndarray[Any, np.dtype[Any]]

_ALGORITHMS: tuple[Literal["lz4", "bslz4", "none"], ...] = ("lz4", "bslz4", "none")
"""``CompressionAlgo``, in the order of the record's states."""


class SeriesFiles:
    """Files of one armed series.

    Parameters
    ----------
    writer
        Makes them.
    deliver
        Gets the pixels of each frame once its data file is complete; None for nobody.
    remove
        Delete the files when the series has ended and all frames are delivered.
    permissions
        Mode of the finished files.
    """

    def __init__(
        self,
        writer: EigerFileWriter,
        deliver: Callable[[Pixels], None] | None,
        remove: bool,
        permissions: int,
    ) -> None:
        self._writer = writer
        self._deliver = deliver
        self._remove = remove
        self._permissions = permissions
        self._n_done = 0

    @property
    def n_stored(self) -> int:
        """Frames in the files."""
        return self._writer.n_stored

    @property
    def master_path(self) -> Path:
        """Where the master is once the series has ended."""
        return self._writer.master_path

    def write(self, pixels: Pixels, unique_id: int, timestamp: float) -> None:
        """Store a frame (y, x) with its checksum.

        Raises
        ------
        WriteFailed
            The file system or HDF5 refused it.
        """
        self._writer.write(
            Frame(pixels, unique_id, timestamp, attributes=_checksum_attribute(pixels))
        )
        self._finish_data_files()

    def close(self) -> None:
        """Complete the last data file, write the master, deliver what is left.

        Raises
        ------
        WriteFailed
            A file could not be finished.
        """
        metadata = self._writer.metadata
        n_triggers = -(-self._writer.n_stored // max(metadata.nimages or 1, 1))
        # A series that was disarmed early says what it has, not what it was armed for.
        self._writer.metadata = replace(metadata, ntrigger=n_triggers)
        self._writer.close()
        self._finish_data_files()
        master = self._writer.master_path
        master.chmod(self._permissions)
        if not self._writer.data_paths and self._writer.n_stored:
            self._send(master)
        if self._remove:
            for path in (*self._writer.data_paths, master):
                path.unlink(missing_ok=True)

    def _finish_data_files(self) -> None:
        for path in self._writer.data_paths[self._n_done :]:
            self._n_done += 1
            path.chmod(self._permissions)
            self._send(path)

    def _send(self, path: Path) -> None:
        if self._deliver is None:
            return
        with open_frames(path, EIGER_DATA_ADDRESS) as frames:
            for pixels in frames:
                self._deliver(pixels)


def open_series(
    settings: ExposureSettings,
    spool: Path,
    shape_yx: tuple[int, int],
    data_type: DataType,
    metadata: EigerMetadata,
    pixel_mask: Pixels,
    deliver: Callable[[Pixels], None] | None,
) -> SeriesFiles:
    """Make ready to write the series that the PVs describe.

    Parameters
    ----------
    spool
        The detector's own storage, where files stay that ``SaveFiles`` does not ask for.

    Raises
    ------
    StagingError
        ``FilePath`` is not a folder, or the folder holds too little.
    SettingsError
        The name pattern or a number cannot be used.
    """
    values = settings.values
    saved = bool(values["SaveFiles"])
    folder = _save_folder(str(values["FilePath"])) if saved else spool
    algorithm = _ALGORITHMS[int(values["CompressionAlgo"])]  # type: ignore[arg-type]
    writer = EigerFileWriter(
        folder,
        str(values["FWNamePattern"]),
        int(values["SequenceId"]),  # type: ignore[arg-type]
        shape_yx=shape_yx,
        dtype=data_type.dtype,
        images_per_file=int(values["FWNImagesPerFile"]),  # type: ignore[arg-type]
        compression=algorithm if values["FWCompression"] else "none",
        format="v2" if values.get("FWHDF5Format") else "v1",
        metadata=metadata,
        pixel_mask=pixel_mask,
    )
    remove = bool(values["FWAutoRemove"]) and not saved
    return SeriesFiles(writer, deliver, remove, permissions(number(values, "FilePerms")))


def permissions(value: float) -> int:
    """Mode of ``FilePerms``, whose decimal digits are the octal ones: 644.

    Raises
    ------
    SettingsError
        It is no mode of a file.
    """
    digits = f"{value:.15g}"
    if not re.fullmatch("[0-7]{1,3}", digits):
        raise SettingsError(
            "no file can have these permissions",
            found=digits,
            expected="up to three octal digits, such as 644",
            where="cam1:FilePerms",
        )
    return int(digits, 8)


def free_gigabytes(folder: Path) -> float:
    """``FWFree_RBV``: space left where files are written, 10**9 bytes."""
    return shutil.disk_usage(folder).free / 1e9


def _save_folder(path: str) -> Path:
    folder = Path(path)
    if not path or not folder.is_dir():
        raise StagingError(
            "SaveFiles is enabled and FilePath is no folder",
            found=repr(path),
            expected="an existing folder",
            where="cam1:FilePath",
            next_step="make the folder, or put CreateDirectory before FilePath",
        )
    return folder


def _checksum_attribute(pixels: Pixels) -> dict[str, NDAttribute]:
    return {
        FRAME_CHECKSUM: NDAttribute(
            FRAME_CHECKSUM,
            NDAttrType.INT64,
            checksum(pixels),
            "CRC-32 of the frame as it left the detector",
            "FRAME_CHECKSUM",
            NDAttrSourceType.PARAM,
        )
    }
