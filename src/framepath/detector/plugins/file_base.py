"""What every file plugin does: names, folders, single, capture and stream mode, status messages.

Behaviour and words of the messages are those of ADCore's NDPluginFile as observed; see
docs/reference/ioc.md for where ours differs.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from framepath.detector.drivers.base import Shown, Value
from framepath.detector.plugins import file_names
from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.file_sink import (
    WRITE_ERROR,
    WRITE_OK,
    FileSink,
    FileStore,
    LostFrame,
    WriteMode,
    is_of_same_file,
    names_file,
)
from framepath.detector.port import PutRefused
from framepath.errors import SettingsError
from framepath.spec.frame import Frame

log = logging.getLogger(__name__)


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
        self._send_on = partial(plugin.emit_at, 0)
        self._store = store
        self._last: Frame | None = None
        self._buffer: list[Frame] = []
        self._sink = FileSink(plugin.port, store)
        self._capturing = False
        self._capture_mode = WriteMode.SINGLE
        for name, handler in (
            ("FilePath", self._on_path),
            ("FileTemplate", self._on_template),
            ("Capture", self._on_capture),
            ("WriteFile", self._on_write_file),
            ("ReadFile", self._on_read_file),
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
            self._sink.status(WRITE_ERROR, str(error))
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

    def _on_read_file(self, value: Value) -> Shown:
        if value:
            self._port.begin("ReadFile")
            self._port.publish("ReadFile", 1)
            self._run_soon(self._read_file)
        return Shown.UNCHANGED

    # -- capture

    def _start_capture(self) -> None:
        self._sink.status(WRITE_OK, "")
        mode = WriteMode(self._port.integer("FileWriteMode"))
        if self._capturing:
            self._sink.close()
        lazy = bool(self._port["LazyOpen"]) and mode is WriteMode.STREAM
        if self._last is None and not lazy:
            log.error("must collect an array to get dimensions first: %s", self._port.prefix)
            self._capture_over()
            return
        if mode is WriteMode.SINGLE:
            self._sink.status(WRITE_ERROR, "ERROR: capture not supported in Single mode")
            self._capture_over()
            return
        self._begin_capture(mode, lazy)

    def _begin_capture(self, mode: WriteMode, lazy: bool) -> None:
        self._port.begin("Capture")
        self._port.publish("FullFileName", "")
        self._port.publish("NumCaptured", 0)
        self._forget_captured("another capture began")
        if lazy:
            self._port.publish("WriteMessage", "Lazy Open...")
        elif self._opens_at_capture(mode) and not self._sink.open(self._last, mode):
            self._capture_over()
            return
        self._capturing = True
        self._capture_mode = mode
        self._port.flush()
        self._port.publish("Capture", 1)

    def _opens_at_capture(self, mode: WriteMode) -> bool:
        """A file of one frame is opened with its frame, and so is one that frames name."""
        frames_name_files = self._last is not None and names_file(self._last)
        return mode is WriteMode.STREAM and self._store.holds_many and not frames_name_files

    def _stop_capture(self) -> None:
        is_stream = WriteMode(self._port.integer("FileWriteMode")) is WriteMode.STREAM
        if is_stream or self._sink.is_open:  # the mode may have been put meanwhile
            self._sink.close()
            self._sink.status(WRITE_OK, "")
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
        self._sink.record_lost()
        if not self._is_for_us(frame):
            return frame
        self._last = frame
        mode = WriteMode(self._port.integer("FileWriteMode"))
        if self._capturing:  # goes on as it began: a file of one frame may have the same name
            mode = self._capture_mode
        if mode is WriteMode.SINGLE:
            if self._port["AutoSave"]:
                self._write_files([frame], mode)
        elif self._capturing and mode is WriteMode.CAPTURE:
            self._capture(frame)
        elif self._capturing:
            self._stream(frame)
        return frame

    def lost(self, frame: Frame, reason: str) -> None:
        """Keep a lost frame for the file that is being written."""
        if self._capturing:
            self._sink.lose(LostFrame(frame, reason))

    def close(self) -> None:
        """Finish the open file."""
        self._sink.record_lost()
        if self._capturing:
            self._stop_capture()
        self._sink.close()
        self._forget_captured("the IOC ended")

    def _forget_captured(self, reason: str) -> None:
        """Captured frames that nobody asked to write are gone, as in areaDetector; it is logged."""
        if self._buffer:
            first, last = self._buffer[0].unique_id, self._buffer[-1].unique_id
            found = {"n_frames": len(self._buffer), "unique_ids": f"{first} to {last}"}
            log.warning("captured frames were never written: %s", reason, extra=found)
        self._buffer = []

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
        if self._sink.is_open and not self._sink.takes(frame):
            self._sink.close()
        if not self._sink.is_open and not self._sink.open(frame, WriteMode.STREAM):
            self._capture_over()
            return
        if not self._sink.append(frame):
            if not self._sink.is_open:
                self._capture_over()
            return
        if not self._store.holds_many:
            self._sink.close()
        captured = self._port.integer("NumCaptured") + 1
        self._port.publish("NumCaptured", captured)
        wanted = self._port.integer("NumCapture")
        if self._wants_close(frame) or 0 < wanted <= captured:
            self._sink.close()
            self._capture_over()

    @staticmethod
    def _wants_close(frame: Frame) -> bool:
        attribute = frame.attributes.get("FilePluginClose")
        return attribute is not None and bool(attribute.value)

    # -- reading

    def _read_file(self) -> None:
        """Send the frame of the file that the parameters name to the plugins behind."""
        with self._lock:
            self._sink.status(WRITE_OK, "")
            frame = self._sink.read()
        if frame is not None:
            self._send_on(frame)
        self._port.flush()
        self._port.set_setpoint("ReadFile", 0)
        self._port.end("ReadFile")
        self._port.publish("ReadFile", 0)

    # -- writing on demand

    def _write_file(self) -> None:
        with self._lock:
            mode = WriteMode(self._port.integer("FileWriteMode"))
            self._sink.status(WRITE_OK, "")
            if self._capturing and self._sink.is_open:
                self._sink.status(WRITE_ERROR, "ERROR, WriteFile while a stream is open")
            elif mode is WriteMode.CAPTURE:
                self._write_buffer()
            elif mode is WriteMode.SINGLE and self._last is not None:
                self._write_files([self._last], mode)
            elif mode is WriteMode.SINGLE:
                log.error("no valid array to write: %s", self._port.prefix)
            else:
                self._sink.status(WRITE_ERROR, "ERROR, WriteFile needs Single or Capture mode")
        self._port.flush()
        self._port.set_setpoint("WriteFile", 0)
        self._port.end("WriteFile")
        self._port.publish("WriteFile", 0)

    def _write_buffer(self) -> None:
        if not self._buffer:
            self._sink.status(WRITE_ERROR, "ERROR, no capture buffer present")
            return
        if self._write_files(self._buffer, WriteMode.CAPTURE):
            self._buffer = []
            self._port.publish("NumCaptured", 0)

    def _write_files(self, frames: Sequence[Frame], mode: WriteMode) -> bool:
        """Into one file, one each where the format holds one, or those that the frames name."""
        groups = self._files_of(frames)
        n_left = len(frames)
        for group in groups:
            if not self._sink.open(group[0], mode):
                return False
            for frame in group:
                if not self._sink.append(frame) and not self._sink.is_open:
                    return False  # the file system failed; a refused frame only misses
                n_left -= 1
                if self._buffer:
                    self._port.publish("NumCaptured", n_left)
            self._sink.close()
        return True

    def _files_of(self, frames: Sequence[Frame]) -> list[list[Frame]]:
        """Frames by the file they go to."""
        groups: list[list[Frame]] = []
        for frame in frames:
            if groups and self._store.holds_many and is_of_same_file(frame, groups[-1][-1]):
                groups[-1].append(frame)
            else:
                groups.append([frame])
        return groups
