"""An Eiger whose own file writer stores: one master file a staging, one trigger a frame."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from ophyd import Device
from ophyd.status import DeviceStatus

from framepath.acquire.devices.exposures import GONE
from framepath.acquire.devices.file_plugin import CREATE_FOLDERS, STORED_S, FrameAddress
from framepath.acquire.devices.folder_check import check_folder
from framepath.acquire.devices.folders import FileFolder
from framepath.acquire.devices.stored_file import StoredDataset
from framepath.acquire.pvs.connection import (
    Monitored,
    end_status,
    unreachable,
    value_of,
    value_while_connected,
)
from framepath.acquire.pvs.staged_settings import Setting
from framepath.errors import FramesLost, LinkBroken, StagingError, WriteFailed
from framepath.files.open_frames import open_frames
from framepath.spec.addresses import EIGER_DATA_GROUP
from framepath.spec.frame_type import FrameType

INTERNAL_SERIES = 0
"""``TriggerMode`` in which a trigger starts NumImages exposures of AcquireTime."""

MANY_TRIGGERS = 100_000
"""``NumTriggers`` to arm for: a plan does not say beforehand how many points it has."""

ARM_S = 20.0
FILES_S = 60.0
"""Seconds to arm, and for the files of a series to be there after it."""


class EigerTrigger:
    """Armed while staged; each frame is one software trigger.

    The put-callback of ``Trigger`` returns when the frame is stored.
    """

    def __init__(self, cam: Device) -> None:
        self._cam = cam
        self._armed = Monitored(cam, "armed")
        self._exposure_s = 0.0

    def settings(self) -> tuple[Setting, ...]:
        """Software triggers of one frame each."""
        return (
            Setting("cam.trigger_mode", INTERNAL_SERIES),
            Setting("cam.manual_trigger", 1),
            Setting("cam.num_images", 1),
            Setting("cam.num_triggers", MANY_TRIGGERS),
        )

    def arm(self) -> None:
        """Arm, and wait until triggers count."""
        self._exposure_s = float(value_of(self._cam.acquire_time))
        self._armed.start()
        self._cam.acquire.put(1)
        if not self._armed.wait_for(lambda value: bool(value), ARM_S):
            raise StagingError(
                "the detector does not arm",
                found=value_of(self._cam.status_message) or "Armed 0",
                where=self._cam.prefix,
                next_step="read Error_RBV and State_RBV; Initialize puts the detector right",
            )

    def expose(self, n_frames: int, status: DeviceStatus) -> None:
        """Trigger, and trigger again after each frame until there are ``n_frames``."""
        left = n_frames

        def ended(**_: Any) -> None:
            nonlocal left
            left -= 1
            if status.done:
                return
            # A lost connection also ends a put-callback, and pyepics does not say so.
            try:
                is_armed = bool(value_while_connected(self._cam.armed))
            except TimeoutError:
                end_status(status, unreachable(self._cam.armed.pvname, why=GONE))
                return
            if left == 0:
                end_status(status)
            elif is_armed:
                self._trigger(ended)
            else:
                error = StagingError(
                    "the detector was disarmed before all frames were triggered",
                    found=f"{left} of {n_frames} frames left",
                    where=self._cam.prefix,
                    next_step="another client put Acquire 0, or a series ended: see Error_RBV",
                )
                end_status(status, error)

        self._trigger(ended)

    def _trigger(self, ended: Any) -> None:
        signal = self._cam.special_trigger_button
        signal.put(self._exposure_s, use_complete=True, callback=ended)

    def is_acquiring(self) -> bool:
        """Armed or not: whether Acquire is 1."""
        return bool(value_of(self._cam.acquire))

    def n_received(self) -> int:
        """``NumImagesCounter_RBV``, which arming resets."""
        return int(value_of(self._cam.num_images_counter))

    def n_received_then(self) -> int:
        """As `n_received`: an Eiger tells images apart only by their order."""
        return self.n_received()

    def exposures_s(self, n_frames: int) -> float:
        """By CountTime as it was when the detector was armed."""
        return n_frames * self._exposure_s

    def trouble(self) -> Exception | None:
        """The IOC is gone."""
        if self._cam.acquire.connected:
            return None
        return unreachable(self._cam.acquire.pvname, why=GONE)

    def stop(self) -> None:
        """Disarm without waiting."""
        self._cam.acquire.put(0)

    def disarm(self) -> None:
        """Disarm: the detector completes its files."""
        self._armed.stop()
        self.stop()


class EigerFiles:
    """The detector's own file writer: a master file with external links to data files."""

    is_swmr = False

    def __init__(self, name: str, cam: Device, folder: FileFolder) -> None:
        self._name = name
        self._cam = cam
        self._folder = folder
        self._n_captured = Monitored(cam, "num_captured")
        self._write_status = Monitored(cam, "write_status")
        self._pattern = ""
        self._master: Path | None = None
        self._ioc_path = ""

    def settings(self, now: datetime) -> tuple[Setting, ...]:
        """Files saved where this machine sees them, named for this staging."""
        self._pattern = f"{self._name}_{now:%Y%m%d-%H%M%S}_{uuid.uuid4().hex[:8]}_$id"
        return (
            Setting("cam.fw_enable", 1),
            Setting("cam.save_files", 1),
            Setting("cam.fw_autoremove", 0),
            Setting("cam.create_directory", CREATE_FOLDERS, optional=True),
            Setting("cam.file_path", self._folder.on_ioc(now)),
            Setting("cam.fw_name_pattern", self._pattern),
        )

    def check(self, frame_type: FrameType) -> None:
        """Check the folder; frames of one type only can be told apart."""
        here = self._folder.here(value_of(self._cam.file_path))
        check_folder(self._cam, here, "area_detector(files=...)")
        if frame_type is not FrameType.IMAGE:
            raise StagingError(
                "the detector's own file writer does not tell frame types apart",
                found=frame_type.name,
                expected="IMAGE",
                next_step="take darks with kind='generic', which stores through HDF1",
            )

    def open(self) -> None:
        """Files appear when the detector is armed."""
        self._master = None
        self._n_captured.start()
        self._write_status.start()

    def after_shot(self, n_frames: int) -> None:
        """A trigger ends when its frame is stored: only failures are left to see."""
        trouble = self.trouble()
        if trouble is not None:
            raise trouble

    def n_stored(self) -> int:
        """NumCaptured_RBV."""
        return int(self._n_captured.value or 0)

    def wait_stored(self, n_frames: int) -> None:
        """Wait for NumCaptured_RBV."""
        if self._n_captured.wait_for(lambda n: n >= n_frames, STORED_S):
            return
        raise self.trouble() or FramesLost(
            "frames did not reach the detector's files",
            found=f"{self._n_captured.value} of {n_frames} stored",
            where=self._cam.prefix,
            next_step="read FWState_RBV, FWFree_RBV and Error_RBV",
        )

    def trouble(self) -> Exception | None:
        """WriteStatus with WriteMessage."""
        if not self._write_status.value:
            return None
        return WriteFailed(
            "the detector cannot write its files",
            found=value_of(self._cam.write_message) or "WriteStatus Write error",
            where=f"{value_of(self._cam.file_path)!r} on the IOC's host",
            next_step="check that the folder there is writable and not full",
        )

    def has_file(self) -> bool:
        """Whether the master file is here; `close` has waited for it."""
        return self.where(FrameType.IMAGE).path.exists()

    def where(self, frame_type: FrameType) -> FrameAddress:
        """The master file, by the pattern and the sequence id the detector gave the series."""
        if self._master is None:
            series = self._pattern.replace("$id", str(value_of(self._cam.sequence_id)))
            folder = value_of(self._cam.file_path)
            self._ioc_path = f"{folder.rstrip('/')}/{series}_master.h5"
            self._master = self._folder.here(self._ioc_path)
        return FrameAddress(
            path=self._master,
            server_path=self._folder.on_server(self._master),
            dataset=EIGER_DATA_GROUP,
            ioc_path=self._ioc_path,
        )

    def stored(self, frame_type: FrameType) -> StoredDataset | None:
        """The files when they are complete; until then what the detector says they will hold."""
        path = self.where(frame_type).path
        return self._as_written(path) if path.exists() else self._as_announced()

    def _as_written(self, master: Path) -> StoredDataset:
        """Read the master; a data file that is missing is frames that are not stored."""
        with open_frames(master, EIGER_DATA_GROUP) as frames:
            return StoredDataset(
                n_stored=len(frames) - sum(gap.stop - gap.start for gap in frames.gaps),
                n_length=len(frames),
                frame_shape=tuple(frames.shape[1:]),
                dtype_numpy=frames.dtype.str,
                chunk_shape=(1, *frames.shape[1:]),
            )

    def _as_announced(self) -> StoredDataset:
        cam = self._cam
        size = cam.array_size
        shape = (int(value_of(size.array_size_y)), int(value_of(size.array_size_x)))
        return StoredDataset(
            n_stored=0,
            n_length=0,
            frame_shape=shape,
            dtype_numpy=f"<u{int(value_of(cam.bit_depth_image)) // 8}",
            chunk_shape=(1, *shape),
        )

    def close(self) -> None:
        """Wait until the master file is here."""
        self._n_captured.stop()
        self._write_status.stop()
        if not self._n_captured.value:
            return
        master = self.where(FrameType.IMAGE).path
        until = time.monotonic() + FILES_S
        pause = threading.Event()
        while not master.exists():
            if time.monotonic() > until:
                raise LinkBroken(
                    "the master file of the series is not here",
                    found=f"no {str(master)!r} {FILES_S:g} s after disarming",
                    where=value_of(self._cam.file_path),
                    next_step="check FWState_RBV, and that files=PathMap(...) has this machine's "
                    "name for the IOC's folder",
                )
            pause.wait(0.05)
