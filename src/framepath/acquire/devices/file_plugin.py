"""One HDF5 file a staging, written by the file plugin HDF1 in Stream mode."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ophyd import Device
from ophyd.signal import EpicsSignalBase

from framepath.acquire.devices.folder_check import check_folder
from framepath.acquire.devices.folders import FileFolder
from framepath.acquire.devices.routing import Routing, check_xml, read_routing
from framepath.acquire.devices.stored_file import StoredDataset, read_dataset
from framepath.acquire.pvs.connection import Monitored, exists, value_of
from framepath.acquire.pvs.staged_settings import Setting
from framepath.errors import FramesLost, StagingError, WriteFailed
from framepath.spec.frame_type import FrameType

STREAM = 2
"""``FileWriteMode``: frames are written as they arrive."""

CREATE_FOLDERS = -5
"""``CreateDirectory``: make up to five missing folders below one that exists."""

OPEN_S = 10.0
CLOSE_S = 60.0
STORED_S = 10.0
"""Seconds without progress after which opening, closing and storing count as failed."""

QUIET_S = 2.0
"""Seconds without progress after which frames count as lost when none is queued."""

MESSAGE_S = 0.2
"""Seconds for WriteMessage to follow WriteStatus."""

RESET_S = 1.0
"""Seconds for NumCaptured_RBV to go back to 0 at the start of a capture."""


@dataclass(frozen=True, slots=True)
class FrameAddress:
    """Where frames of one type are: file as this machine, server and IOC spell it, dataset."""

    path: Path
    server_path: str
    dataset: str
    ioc_path: str


class FileLogic(Protocol):
    """What differs between detectors in storing frames."""

    def settings(self, now: datetime) -> tuple[Setting, ...]:
        """PV values while staged."""
        ...

    @property
    def is_swmr(self) -> bool:
        """Whether readers may follow the file while it grows."""
        ...

    def check(self, frame_type: FrameType) -> None:
        """Refuse settings under which frames of this type would be lost or misplaced."""
        ...

    def open(self) -> None:
        """Make ready to store; the file may appear with its first frame."""
        ...

    def after_shot(self, n_frames: int) -> None:
        """So many frames were taken so far: return when they may be described.

        Raises
        ------
        WriteFailed, FramesLost
        """
        ...

    def wait_stored(self, n_frames: int) -> None:
        """Wait until so many frames of this staging are stored; FramesLost when they are not."""
        ...

    def n_stored(self) -> int:
        """Frames of this staging that are in the file, as last heard."""
        ...

    def trouble(self) -> Exception | None:
        """What the writer complains of now."""
        ...

    def has_file(self) -> bool:
        """Whether a file was opened in this staging; asked once it is closed."""
        ...

    def where(self, frame_type: FrameType) -> FrameAddress:
        """Where frames of this type are."""
        ...

    def stored(self, frame_type: FrameType) -> StoredDataset | None:
        """What the file holds; None while it cannot be read."""
        ...

    def close(self) -> None:
        """Close the file and wait until it is closed."""
        ...


class PluginFile:
    """The file plugin HDF1."""

    def __init__(self, name: str, cam: Device, hdf1: Device, folder: FileFolder) -> None:
        self._name = name
        self._cam = cam
        self._hdf1 = hdf1
        self._folder = folder
        self._routing: Routing | None = None
        self._n_captured = Monitored(hdf1, "num_captured")
        self._write_status = Monitored(hdf1, "write_status")
        self._capture = Monitored(hdf1, "capture")
        self._path: Path | None = None
        self._ioc_path = ""
        self._n_before = 0
        self._is_open = False
        self._stored_none = False
        self._is_swmr = False
        self._waits_for_plugins = False

    @property
    def _failed(self) -> bool:
        return bool(self._write_status.value)

    def settings(self, now: datetime) -> tuple[Setting, ...]:
        """Stream until closed, opened by the first frame, so that no priming is needed.

        CreateDirectory comes before FilePath: areaDetector makes folders when FilePath is put.
        """
        name = f"{self._name}_{now:%Y%m%d-%H%M%S}_{uuid.uuid4().hex[:8]}"
        return (
            Setting("hdf1.enable", 1),
            Setting("hdf1.blocking_callbacks", 0),
            Setting("hdf1.create_directory", CREATE_FOLDERS),
            Setting("hdf1.file_path", self._folder.on_ioc(now)),
            Setting("hdf1.file_name", name),
            Setting("hdf1.file_template", "%s%s.h5"),
            Setting("hdf1.auto_increment", 0),
            Setting("hdf1.auto_save", 1),
            Setting("hdf1.temp_suffix", ""),
            Setting("hdf1.num_extra_dims", 0),
            Setting("hdf1.file_write_mode", STREAM),
            Setting("hdf1.num_capture", 0),
            Setting("hdf1.lazy_open", 1),
            Setting("hdf1.framepath_mode", 1, optional=True),
            Setting("hdf1.num_frames_flush", 1, optional=True),
            Setting("hdf1.swmr_mode", 1, optional=True),
        )

    @property
    def is_swmr(self) -> bool:
        """As the IOC was asked to."""
        return self._is_swmr

    def check(self, frame_type: FrameType) -> None:
        """Check folder, XML and destination as the IOC sees them."""
        hdf1 = self._hdf1
        here = self._folder.here(value_of(hdf1.file_path))
        check_folder(hdf1, here, "area_detector(files=...)")
        check_xml(self._cam, hdf1)
        self._routing = read_routing(self._cam, hdf1, self._folder)
        self._routing.address_of(frame_type)

    def open(self) -> None:
        """Put Capture and wait until the plugin captures.

        A put-callback on Capture would end only with the capture, and a second one would stall
        this client's connection to the IOC: plain puts only.
        """
        self._path = None
        self._is_open = False
        self._stored_none = False
        self._is_swmr = _is_on(self._hdf1.swmr_mode)
        self._waits_for_plugins = _is_on(self._cam.wait_for_plugins)
        self.follow()
        if self._capture.value:
            self.close()
            self.follow()
        self._hdf1.capture.put(1)
        if not self._capture.wait_for(lambda value: bool(value), OPEN_S):
            raise self.trouble() or StagingError(
                "the file plugin does not capture",
                found="Capture_RBV Done",
                expected="Capturing",
                where=self._hdf1.capture.pvname,
                next_step="read the IOC's console: the plugin may lack a frame to learn its size",
            )
        # The count of the file before may still be on its way to 0.
        self._n_captured.wait_for(lambda n: n == 0, RESET_S)
        self._n_before = int(self._n_captured.value)
        self._is_open = True

    def follow(self) -> None:
        """Watch a capture, whoever has begun it."""
        for monitored in (self._n_captured, self._write_status, self._capture):
            monitored.start()

    def trouble(self) -> Exception | None:
        """WriteStatus with WriteMessage, wiped when the file is closed; or who has closed it.

        A failed write ends the capture too, and areaDetector tells of the failure first.
        """
        if not self._failed:
            return self._closed_by_others() if self._is_open and not self._capture.value else None
        return WriteFailed(
            "the IOC cannot write the image file",
            found=self._write_message() or "WriteStatus Write error",
            where=f"{value_of(self._hdf1.file_path)!r} on the IOC's host",
            next_step="check that the folder there is writable and not full, and that nobody "
            "changed region, binning or type; what was stored before is still readable",
        )

    def _write_message(self) -> str:
        """WriteMessage, which the IOC puts a moment after the status; "" when it says nothing."""
        pause = threading.Event()
        for _ in range(round(MESSAGE_S / 0.02)):
            message = value_of(self._hdf1.write_message)
            if message:
                return message
            pause.wait(0.02)
        return ""

    def _closed_by_others(self) -> FramesLost:
        return FramesLost(
            "the image file was closed while frames are taken",
            found="Capture_RBV Done",
            expected="Capturing",
            where=self._hdf1.capture.pvname,
            next_step="somebody has ended the capture, or another session has staged the detector: "
            "see who uses it; what was stored before is in the file",
        )

    def after_shot(self, n_frames: int) -> None:
        """With WaitForPlugins the shot ended after its frames were written: nothing to wait for.

        Where NumCaptured_RBV has not told of them the IOC is asked, because it may have gone.
        """
        if not self._waits_for_plugins:
            self.wait_stored(n_frames)
        elif self.n_stored() < n_frames:
            self._n_captured.wait_for(lambda n: n - self._n_before >= n_frames, 0)
        trouble = self.trouble()
        if trouble is not None:
            raise trouble

    def n_stored(self) -> int:
        """NumCaptured_RBV, which is published after the frames can be read."""
        return max(int(self._n_captured.value or 0) - self._n_before, 0)

    def wait_stored(self, n_frames: int) -> None:
        """Wait for NumCaptured_RBV, as long as it rises or frames are queued."""
        seen, still_s = int(self._n_captured.value), 0.0
        while seen - self._n_before < n_frames:
            self._n_captured.wait_for(lambda n, seen=seen: n > seen or self._failed, QUIET_S)
            trouble = self.trouble()
            if trouble is not None:
                raise trouble
            now = int(self._n_captured.value)
            still_s = 0.0 if now > seen else still_s + QUIET_S
            seen = now
            if still_s and (still_s >= STORED_S or not value_of(self._cam.num_queued_arrays)):
                raise self._lost(seen - self._n_before, n_frames)

    def _lost(self, n_stored: int, n_frames: int) -> FramesLost:
        return FramesLost(
            "frames did not reach the file",
            found=f"{n_stored} of {n_frames} stored",
            where=f"{self._hdf1.prefix}, DroppedArrays_RBV {value_of(self._hdf1.dropped_arrays)}",
            next_step="a dropped array means the queue was full: raise QueueSize, lower the rate "
            "or the compression",
        )

    def has_file(self) -> bool:
        """Whether FullFileName_RBV names one: a lazy capture empties it until it opens its file.

        areaDetector names one there, too, that could not be opened.
        """
        if self._path is not None:
            return True
        named = value_of(self._hdf1.full_file_name)
        return bool(named) and not (self._stored_none and not self._folder.here(named).exists())

    def where(self, frame_type: FrameType) -> FrameAddress:
        """The file as FullFileName_RBV names it, and the dataset that the state string names."""
        if self._path is None:
            self._ioc_path = value_of(self._hdf1.full_file_name)
            self._path = self._found_here(self._ioc_path)
        routing = self._routing or read_routing(self._cam, self._hdf1, self._folder)
        return FrameAddress(
            path=self._path,
            server_path=self._folder.on_server(self._path),
            dataset=routing.address_of(frame_type),
            ioc_path=self._ioc_path,
        )

    def _found_here(self, path_on_ioc: str) -> Path:
        if not path_on_ioc:
            raise StagingError(
                "the IOC has not opened an image file",
                found="FullFileName_RBV is empty",
                where=self._hdf1.full_file_name.pvname,
                next_step="check that the camera's frames reach the plugin: NDArrayPort, "
                "EnableCallbacks, ArrayCallbacks; of an Eiger DataSource (Stream) and StreamEnable",
            )
        path = self._folder.here(path_on_ioc)
        if not path.exists():
            raise StagingError(
                "the image file that the IOC wrote is not visible here",
                found=f"{path_on_ioc!r} on the IOC's host, {str(path)!r} missing here",
                next_step="mount the IOC's folder here, or give area_detector(files=PathMap(...)) "
                "each host's name for it",
            )
        return path

    def stored(self, frame_type: FrameType) -> StoredDataset | None:
        """Open the file and look."""
        address = self.where(frame_type)
        return read_dataset(address.path, address.dataset)

    def close(self) -> None:
        """Put Capture 0 and wait until the file is closed."""
        self._stored_none = self._failed and not self.n_stored()
        self._is_open = False
        if self._capture.value:
            self._hdf1.capture.put(0)
            if not self._capture.wait_for(lambda value: not value, CLOSE_S):
                raise StagingError(
                    "the file plugin does not end its capture",
                    found="Capture_RBV Capturing",
                    where=self._hdf1.capture.pvname,
                    next_step="look at the IOC's console; the file may be on a hanging disk",
                )
        for monitored in (self._n_captured, self._write_status, self._capture):
            monitored.stop()


def _is_on(signal: EpicsSignalBase) -> bool:
    return exists(signal) and bool(value_of(signal))
