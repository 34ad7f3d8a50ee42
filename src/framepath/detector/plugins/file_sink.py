"""The open file of a file plugin: its name, its frames, and the words when something fails."""

from __future__ import annotations

import logging
from collections import deque
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from framepath.detector.plugins import file_names
from framepath.detector.port import Port
from framepath.errors import FramepathError, FrameRefused, RoutingError
from framepath.spec.frame import Frame

log = logging.getLogger(__name__)

WRITE_OK = 0
WRITE_ERROR = 1


REPLAY = "play a file with framepath ioc replay"
"""What to do where a plugin reads no files."""


class WriteMode(IntEnum):
    """``FileWriteMode``."""

    SINGLE = 0
    CAPTURE = 1
    STREAM = 2


FILE_NAME = "FilePluginFileName"
FILE_NUMBER = "FilePluginFileNumber"
"""Attributes of a frame that replace ``FileName`` and ``FileNumber``."""


def names_file(frame: Frame) -> bool:
    """Whether a frame says itself which file it belongs to."""
    name = frame.attributes.get(FILE_NAME)
    return name is not None and bool(name.value)


def is_of_same_file(frame: Frame, earlier: Frame) -> bool:
    """Whether a frame names no other file than the frame before it did."""
    for key in (FILE_NAME, FILE_NUMBER):
        now, before = frame.attributes.get(key), earlier.attributes.get(key)
        if now is not None and (before is None or now.value != before.value):
            return False
    return True


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
        FrameRefused, RoutingError
            It does not fit the file, or names no dataset of it; the file stays open.
        OSError
            The file system refused.
        """
        ...

    def lost(self, lost: LostFrame) -> None:
        """Record a frame that the open file will not hold."""
        ...

    def read(self, path: Path) -> Frame:
        """The frame of a file.

        Raises
        ------
        FramepathError, OSError
            There is no such file, or none that can be read as a frame.
        """
        ...

    def close(self) -> None:
        """Finish the open file; nothing happens when none is open."""
        ...


class FileSink:
    """Opens files as the plugin's parameters name them, and fills them.

    Attributes
    ----------
    is_open
        A file is open.
    """

    def __init__(self, port: Port, store: FileStore) -> None:
        self.is_open = False
        self._port = port
        self._store = store
        self._last: Frame | None = None
        self._lost: deque[LostFrame] = deque()

    def open(self, first: Frame | None, mode: WriteMode) -> bool:
        """Open the next file for frames like ``first``; False when it cannot be.

        One that is still open is finished: FileWriteMode may have been put in the middle of it,
        which is why ``mode`` is told by who began the capture.
        """
        if first is None:
            return False
        self.close()
        self._use_attributes(first)
        suffix = self._port.text("TempSuffix")
        name = ""
        try:
            name = self._use_name()
            self._store.open(Path(name), suffix, first, mode)
        except (FramepathError, OSError) as error:
            log.warning("cannot open %s: %s", name, error)
            self._failed(error, f"Error opening file {name}{suffix}, status=3")
            return False
        self.is_open = True
        self._last = first
        self.status(WRITE_OK, "")
        return True

    def takes(self, frame: Frame) -> bool:
        """Whether a frame belongs into the open file: it may name another one."""
        return self._last is None or is_of_same_file(frame, self._last)

    def _use_name(self) -> str:
        """Show the name of the next file and use up its number, whether or not it can be opened (as
        ADCore's createFileName does); raises SettingsError.
        """
        name = self._name()
        self._show_used(name)
        return name

    def _name(self) -> str:
        """The file as the parameters name it; raises SettingsError."""
        port = self._port
        path, name = port.text("FilePath"), port.text("FileName")
        return file_names.full_name(
            port.text("FileTemplate"), path, name, port.integer("FileNumber")
        )

    def _show_used(self, name: str) -> None:
        self._port.publish("FullFileName", name)
        if self._port["AutoIncrement"]:
            self._port.publish("FileNumber", self._port.integer("FileNumber") + 1)

    def read(self) -> Frame | None:
        """The frame of the file that the parameters name; None when it cannot be read."""
        try:
            name = self._name()
            frame = self._store.read(Path(name))
        except (FramepathError, OSError, ValueError) as error:
            log.warning("cannot read a file: %s", error)
            self.status(WRITE_ERROR, f"Error reading file: {error}")
            return None
        self._show_used(name)
        return frame

    def _use_attributes(self, frame: Frame) -> None:
        """`FILE_NAME` and `FILE_NUMBER` of a frame replace the settings."""
        name = frame.attributes.get(FILE_NAME)
        number = frame.attributes.get(FILE_NUMBER)
        if name is not None and name.value:
            self._port.publish("FileName", str(name.value))
        if number is not None and isinstance(number.value, int):
            self._port.publish("FileNumber", number.value)
            self._port.publish("AutoIncrement", 0)

    def close(self) -> None:
        """Finish the open file, with what was lost on the way to it."""
        if not self.is_open:
            return
        self.record_lost()
        self.is_open = False
        try:
            self._store.close()
        except (FramepathError, OSError) as error:
            log.exception("cannot close %s", self._port["FullFileName"])
            self.status(WRITE_ERROR, f"Error closing file: {error}")

    def lose(self, lost: LostFrame) -> None:
        """Keep a lost frame until `record_lost`; may be called on any thread."""
        self._lost.append(lost)

    def record_lost(self) -> None:
        """Tell the open file of the frames lost so far."""
        while self._lost:
            lost = self._lost.popleft()
            if self.is_open:
                self._store.lost(lost)

    def _failed(self, error: Exception, usual_words: str) -> None:
        self.status(WRITE_ERROR, str(error) if self._store.says_why else usual_words)

    def status(self, status: int, message: str) -> None:
        """Set ``WriteStatus`` and ``WriteMessage``."""
        self._port.publish("WriteStatus", status)
        self._port.publish("WriteMessage", message)

    def append(self, frame: Frame) -> bool:
        """Write a frame to the open file; what is refused is shown, a failure closes it."""
        try:
            self._store.write(frame)
        except (FrameRefused, RoutingError) as error:
            self._failed(error, "Invalid frame. Ignoring.")
            return False
        except (FramepathError, OSError) as error:
            log.exception("write failed", extra={"unique_id": frame.unique_id})
            self.close()
            self.status(WRITE_ERROR, f"Error writing file: {error}")
            return False
        self._last = frame
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
