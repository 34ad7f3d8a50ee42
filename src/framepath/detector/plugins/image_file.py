"""File plugins whose format holds one frame a file: TIFF1 and JPEG1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.codec_gate import CodecGate
from framepath.detector.plugins.file_base import FilePlugin
from framepath.detector.plugins.file_sink import REPLAY, LostFrame, WriteMode
from framepath.errors import FileUnreadable
from framepath.spec.frame import Frame

WriteImage = Callable[[Path, Frame], None]
"""Writes a file that holds this frame; FrameRefused for one that the format cannot hold."""

ReadImage = Callable[[Path], Frame]
"""The frame of a file; FileUnreadable or OSError for one that holds none."""


class ImageStore:
    """One frame a file (implements `file_sink.FileStore`).

    The file comes into being with its frame, so that a frame that is refused leaves none.
    """

    holds_many = False
    says_why = True

    def __init__(self, write_image: WriteImage, read_image: ReadImage | None = None) -> None:
        self._write_image = write_image
        self._read_image = read_image
        self._path = Path()
        self._suffix = ""
        self._written: Path | None = None

    def open(self, path: Path, temp_suffix: str, first: Frame, write_mode: WriteMode) -> None:
        """Remember the name of the file for the next frame."""
        self._path, self._suffix, self._written = path, temp_suffix, None

    def write(self, frame: Frame) -> None:
        """Write the file; what a failure leaves of it is removed."""
        path = self._path.with_name(self._path.name + self._suffix)
        try:
            self._write_image(path, frame)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        self._written = path

    def lost(self, lost: LostFrame) -> None:
        """These formats keep no ledger; the counters say what was lost."""

    def read(self, path: Path) -> Frame:
        """The frame of a file, where the format can be read."""
        if self._read_image is None:
            raise FileUnreadable("this plugin reads no files", where=path, next_step=REPLAY)
        return self._read_image(path)

    def close(self) -> None:
        """Give the file its name."""
        written, self._written = self._written, None
        if written is not None and written != self._path:
            written.replace(self._path)


class ImageFilePlugin(FilePlugin):
    """A file plugin that writes pixels, one frame a file, in every mode."""

    def __init__(
        self, plugin: Plugin, write_image: WriteImage, read_image: ReadImage | None = None
    ) -> None:
        super().__init__(plugin, ImageStore(write_image, read_image))
        self._gate = CodecGate(plugin.port)

    def process(self, frame: Frame) -> Frame | None:
        """Take a frame of pixels as the mode says."""
        return super().process(frame) if self._gate.lets_pass(frame) else None
