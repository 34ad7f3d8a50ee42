"""What every file plugin does: names, folders, single, capture and stream mode, status messages.

Behaviour and words of the messages are those of ADCore's NDPluginFile as observed; see
docs/reference/ioc.md for where ours differs.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from framepath.detector.drivers.base import Shown, Value
from framepath.detector.plugins import file_names
from framepath.detector.plugins.base import Plugin
from framepath.detector.port import PutRefused
from framepath.errors import FramepathError, FrameRefused, SettingsError
from framepath.spec.frame import Frame

log = logging.getLogger(__name__)

WRITE_OK = 0
WRITE_ERROR = 1


class WriteMode(IntEnum):
    """``FileWriteMode``."""

    SINGLE = 0
    CAPTURE = 1
    STREAM = 2


class LostFrame:
    """A frame that never reached the file, and why."""

    def __init__(self, frame: Frame, reason: str) -> None:
        self.frame = frame
        self.reason = reason


class FileStore(Protocol):
    """One file format; at most one file is open at a time."""

    holds_many: bool
    """A file can hold several frames."""

    @property
    def says_why(self) -> bool:
        """Messages give the reason; False: areaDetector's words, which do not."""
        ...

    def open(self, path: Path, temp_suffix: str, first: Frame, write_mode: WriteMode) -> None:
        """Make a file for frames like ``first``; it has the suffix until it is closed."""
        ...

    def write(self, frame: Frame) -> None:
        """Append a frame.

        Raises
        ------
        FrameRefused
            It does not fit the file; the file stays open.
        OSError
            The file system refused.
        """
        ...

    def lost(self, lost: LostFrame) -> None:
        """Record a frame that the open file will not hold."""
        ...

    def close(self) -> None:
        """Finish the open file; nothing happens when none is open."""
        ...


class FilePlugin:
    """The processor of a file plugin.

    Parameters
    ----------
    plugin
        The plugin it works for.
    store
        The format.
    """

    def __init__(self, plugin: Plugin, store: FileStore) -> None:
        self._port = port = plugin.port
        self._lock = plugin.lock
        self._run_soon = plugin.run_soon
        self._store = store
        self._last: Frame | None = None
        self._buffer: list[Frame] = []
        self._lost: deque[LostFrame] = deque()
        self._capturing = False
        self._is_open = False
        for name, handler in (
            ("FilePath", self._on_path),
            ("FileTemplate", self._on_template),
            ("Capture", self._on_capture),
            ("WriteFile", self._on_write_file),
            ("FreeCapture", self._on_free_capture),
        ):
            port.on_put(name, handler)

    # -- puts

    def _on_path(self, value: Value) -> Value:
        path = file_names.folder(str(value))
        file_names.create_folder(path, self._port.integer("CreateDirectory"))
        self._port.publish("FilePathExists", int(file_names.folder_exists(path)))
        return path

    def _on_template(self, value: Value) -> None:
        try:
            file_names.full_name(str(value), "", "", 0)
        except SettingsError as error:
            self._status(WRITE_ERROR, str(error))
            raise PutRefused(str(error)) from error

    def _on_free_capture(self, value: Value) -> Shown:
        if value:
            with self._lock:
                self._buffer = []
            self._port.publish("NumCaptured", 0)
            self._port.set_setpoint("FreeCapture", 0)
        return Shown.UNCHANGED

    def _on_capture(self, value: Value) -> Shown:
        with self._lock:
            if value:
                self._start_capture()
            else:
                self._stop_capture()
        return Shown.UNCHANGED

    def _on_write_file(self, value: Value) -> Shown:
        if value:
            self._port.begin("WriteFile")
            self._port.publish("WriteFile", 1)
            self._run_soon(self._write_file)
        return Shown.UNCHANGED

    # -- capture

    def _start_capture(self) -> None:
        self._status(WRITE_OK, "")
        mode = WriteMode(self._port.integer("FileWriteMode"))
        if self._capturing:
            self._close()
        lazy = bool(self._port["LazyOpen"]) and mode is WriteMode.STREAM
        if self._last is None and not lazy:
            log.error("must collect an array to get dimensions first: %s", self._port.prefix)
            self._capture_over()
            return
        if mode is WriteMode.SINGLE:
            self._status(WRITE_ERROR, "ERROR: capture not supported in Single mode")
            self._capture_over()
            return
        self._begin_capture(mode, lazy)

    def _begin_capture(self, mode: WriteMode, lazy: bool) -> None:
        self._port.begin("Capture")
        self._port.publish("FullFileName", "")
        self._port.publish("NumCaptured", 0)
        self._buffer = []
        if lazy:
            self._port.publish("WriteMessage", "Lazy Open...")
        elif mode is WriteMode.STREAM and not self._open(self._last):
            self._capture_over()
            return
        self._capturing = True
        self._port.flush()
        self._port.publish("Capture", 1)

    def _stop_capture(self) -> None:
        if WriteMode(self._port.integer("FileWriteMode")) is WriteMode.STREAM:
            self._close()
            self._status(WRITE_OK, "")
        self._capture_over()

    def _capture_over(self) -> None:
        self._capturing = False
        self._port.flush()
        self._port.set_setpoint("Capture", 0)
        self._port.end("Capture")
        self._port.publish("Capture", 0)

    # -- frames

    def process(self, frame: Frame) -> Frame | None:
        """Take a frame as the mode says; it goes on to the plugins behind unchanged."""
        self._record_lost()
        if not self._is_for_us(frame):
            return frame
        self._last = frame
        mode = WriteMode(self._port.integer("FileWriteMode"))
        if mode is WriteMode.SINGLE:
            if self._port["AutoSave"]:
                self._write_files([frame])
        elif self._capturing and mode is WriteMode.CAPTURE:
            self._capture(frame)
        elif self._capturing:
            self._stream(frame)
        return frame

    def lost(self, frame: Frame, reason: str) -> None:
        """Keep a lost frame for the file that is being written."""
        if self._capturing:
            self._lost.append(LostFrame(frame, reason))

    def close(self) -> None:
        """Finish the open file."""
        self._record_lost()
        if self._capturing:
            self._stop_capture()
        self._close()

    def _is_for_us(self, frame: Frame) -> bool:
        """``FilePluginDestination``: ``all...`` or this plugin's port name, case ignored."""
        destination = frame.attributes.get("FilePluginDestination")
        if destination is None:
            return True
        text = str(destination.value).lower()
        return text.startswith("all") or text == self._port.text("PortName").lower()

    def _capture(self, frame: Frame) -> None:
        wanted = self._port.integer("NumCapture")
        if len(self._buffer) < wanted:
            self._buffer.append(frame)
        self._port.publish("NumCaptured", len(self._buffer))
        if len(self._buffer) >= wanted:
            if self._port["AutoSave"]:
                self._write_buffer()
            self._capture_over()

    def _stream(self, frame: Frame) -> None:
        if not self._is_open and not self._open(frame):
            self._capture_over()
            return
        if not self._append(frame):
            return
        captured = self._port.integer("NumCaptured") + 1
        self._port.publish("NumCaptured", captured)
        wanted = self._port.integer("NumCapture")
        if self._wants_close(frame) or 0 < wanted <= captured:
            self._close()
            self._capture_over()

    @staticmethod
    def _wants_close(frame: Frame) -> bool:
        attribute = frame.attributes.get("FilePluginClose")
        return attribute is not None and bool(attribute.value)

    def _append(self, frame: Frame) -> bool:
        """Write a frame to the open file; what fails is shown, and ends a stream if it must."""
        try:
            self._store.write(frame)
        except FrameRefused as error:
            log.warning("frame refused: %s", error, extra={"unique_id": frame.unique_id})
            self._failed(error, "Invalid frame. Ignoring.")
            return False
        except (FramepathError, OSError) as error:
            log.exception("write failed", extra={"unique_id": frame.unique_id})
            self._close()
            self._status(WRITE_ERROR, f"Error writing file: {error}")
            self._capture_over()
            return False
        self._delete_driver_file(frame)
        return True

    def _delete_driver_file(self, frame: Frame) -> None:
        """``DeleteDriverFile``: what the detector stored itself goes once the frame is in ours."""
        attribute = frame.attributes.get("DriverFileName")
        if not self._port["DeleteDriverFile"] or attribute is None or not attribute.value:
            return
        try:
            Path(str(attribute.value)).unlink()
        except OSError as error:
            log.warning("cannot delete the driver's file: %s", error)

    # -- writing on demand

    def _write_file(self) -> None:
        with self._lock:
            mode = WriteMode(self._port.integer("FileWriteMode"))
            self._status(WRITE_OK, "")
            if mode is WriteMode.CAPTURE:
                self._write_buffer()
            elif mode is WriteMode.SINGLE and self._last is not None:
                self._write_files([self._last])
            elif mode is WriteMode.SINGLE:
                log.error("no valid array to write: %s", self._port.prefix)
            else:
                self._status(WRITE_ERROR, "ERROR, WriteFile needs Single or Capture mode")
        self._port.flush()
        self._port.set_setpoint("WriteFile", 0)
        self._port.end("WriteFile")
        self._port.publish("WriteFile", 0)

    def _write_buffer(self) -> None:
        if not self._buffer:
            self._status(WRITE_ERROR, "ERROR, no capture buffer present")
            return
        if self._write_files(self._buffer):
            self._buffer = []
            self._port.publish("NumCaptured", 0)

    def _write_files(self, frames: Sequence[Frame]) -> bool:
        """Into one file, or one each where the format holds one."""
        groups = [frames] if self._store.holds_many else [[frame] for frame in frames]
        n_left = len(frames)
        for group in groups:
            if not self._open(group[0]):
                return False
            for frame in group:
                if not self._append(frame) and not self._is_open:
                    return False
                n_left -= 1
                if self._buffer:
                    self._port.publish("NumCaptured", n_left)
            self._close()
        return True

    # -- the file

    def _open(self, first: Frame | None) -> bool:
        if first is None:
            return False
        self._use_attributes(first)
        number = self._port.integer("FileNumber")
        name = ""
        try:
            name = file_names.full_name(
                self._port.text("FileTemplate"),
                self._port.text("FilePath"),
                self._port.text("FileName"),
                number,
            )
            suffix = self._port.text("TempSuffix")
            mode = WriteMode(self._port.integer("FileWriteMode"))
            self._store.open(Path(name), suffix, first, mode)
        except (FramepathError, OSError) as error:
            log.warning("cannot open %s: %s", name, error)
            self._failed(error, f"Error opening file {name}, status=3")
            return False
        self._is_open = True
        self._port.publish("FullFileName", name)
        self._port.publish("WriteMessage", "")
        if self._port["AutoIncrement"]:
            self._port.publish("FileNumber", number + 1)
        return True

    def _use_attributes(self, frame: Frame) -> None:
        """``FilePluginFileName`` and ``FilePluginFileNumber`` of a frame replace the settings."""
        name = frame.attributes.get("FilePluginFileName")
        number = frame.attributes.get("FilePluginFileNumber")
        if name is not None and name.value:
            self._port.publish("FileName", str(name.value))
        if number is not None and isinstance(number.value, int):
            self._port.publish("FileNumber", number.value)
            self._port.publish("AutoIncrement", 0)

    def _close(self) -> None:
        if not self._is_open:
            return
        self._record_lost()
        self._is_open = False
        try:
            self._store.close()
        except (FramepathError, OSError) as error:
            log.exception("cannot close %s", self._port["FullFileName"])
            self._status(WRITE_ERROR, f"Error closing file: {error}")

    def _record_lost(self) -> None:
        while self._lost:
            lost = self._lost.popleft()
            if self._is_open:
                self._store.lost(lost)

    def _failed(self, error: Exception, usual_words: str) -> None:
        self._status(WRITE_ERROR, str(error) if self._store.says_why else usual_words)

    def _status(self, status: int, message: str) -> None:
        self._port.publish("WriteStatus", status)
        self._port.publish("WriteMessage", message)
