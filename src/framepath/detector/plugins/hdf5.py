"""HDF1: frames into routed HDF5 files."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from framepath.detector.drivers.base import Value
from framepath.detector.plugins.base import Plugin
from framepath.detector.plugins.file_base import FilePlugin
from framepath.detector.plugins.file_sink import REPLAY, LostFrame, WriteMode
from framepath.detector.plugins.hdf5_limits import handle_limits
from framepath.detector.plugins.hdf5_settings import mode_of, settings_of, show_chunk
from framepath.detector.port import PutRefused
from framepath.errors import FileUnreadable, FramepathError, FrameRefused, LayoutError
from framepath.layout.failures import BadXml, LayoutRefused, SourceUnreadable
from framepath.layout.model import Mode
from framepath.layout.parse_layout import load_layout
from framepath.spec.frame import Frame
from framepath.spec.ledger import Fate
from framepath.writing.geometry import geometry_of
from framepath.writing.routed import RoutedWriter
from framepath.writing.settings import FileWriteMode

log = logging.getLogger(__name__)

LAYOUT_FAILURES = (SourceUnreadable, BadXml, LayoutRefused)

MEGABIT = 8 / 2**20
"""Of a byte, as ADCore counts them (layout rule 8.2)."""

MakeWriter = Callable[..., RoutedWriter]


class Hdf5Store:
    """One routed file at a time (implements `file_sink.FileStore`)."""

    holds_many = True

    def __init__(self, plugin: Plugin, make_writer: MakeWriter) -> None:
        self._port = plugin.port
        self._make_writer = make_writer
        self._writer: RoutedWriter | None = None
        self._n_lost = 0
        self._n_bytes = 0
        self._opened_s = 0.0

    @property
    def says_why(self) -> bool:
        """Strict mode does."""
        return mode_of(self._port) is Mode.STRICT

    def open(self, path: Path, temp_suffix: str, first: Frame, write_mode: WriteMode) -> None:
        """Make a file laid out for frames like ``first``."""
        if write_mode is WriteMode.SINGLE:  # as ADCore: one frame has no further dimensions
            self._port.publish("NumExtraDims", 0)
        settings = settings_of(self._port, FileWriteMode(int(write_mode)), temp_suffix)
        writer = self._make_writer(path, self._port.text("XMLFileName"), settings)
        writer.open(first)
        self._writer = writer
        show_chunk(self._port, geometry_of(first, settings))
        self._n_lost = 0
        self._opened_s = time.monotonic()
        self._n_bytes = 0
        self._port.publish("SWMRActive", int(settings.swmr))
        self._port.publish("SWMRCbCounter", 0)

    def write(self, frame: Frame) -> None:
        """Append a frame to the dataset it names."""
        try:
            row = self._open_writer().write(frame)
        except (FramepathError, OSError):
            self._count("NumRefused")
            raise
        if row.fate is Fate.REFUSED:
            self._count("NumRefused")
            raise FrameRefused(row.reason, where=f"frame {frame.unique_id}")
        self._count("NumStored")
        self._n_bytes += frame.data.nbytes
        self._show_flushes(self._open_writer())

    def _count(self, name: str) -> None:
        self._port.publish(name, self._port.integer(name) + 1)

    def lost(self, lost: LostFrame) -> None:
        """One ledger row for a frame that never came."""
        if self._n_lost == 0:  # the ledger has them all
            fields = {"unique_id": lost.frame.unique_id, "reason": lost.reason}
            log.warning("frames are being lost", extra=fields)
        self._n_lost += 1
        self._open_writer().record_dropped(lost.frame, lost.reason)

    def read(self, path: Path) -> Frame:
        """Not done, as in areaDetector."""
        raise FileUnreadable("this plugin reads no files", where=path, next_step=REPLAY)

    def flush(self) -> None:
        """Let readers see what was written."""
        if self._writer is not None:
            self._writer.flush()
            self._show_flushes(self._writer)

    def _show_flushes(self, writer: RoutedWriter) -> None:
        if self._port["SWMRActive"]:
            self._port.publish("SWMRCbCounter", writer.n_flushes)

    def close(self) -> None:
        """Finish the file."""
        writer, self._writer = self._writer, None
        was_followed = self._port["SWMRActive"]
        self._port.publish("SWMRActive", 0)
        if self._n_lost:
            log.warning("frames were lost", extra={"n_lost": self._n_lost})
        if writer is not None:
            writer.close()
            if was_followed:
                self._port.publish("SWMRCbCounter", writer.n_flushes)
            run_time_s = time.monotonic() - self._opened_s
            self._port.publish("RunTime", run_time_s)
            self._port.publish("IOSpeed", MEGABIT * self._n_bytes / run_time_s)

    def _open_writer(self) -> RoutedWriter:
        if self._writer is None:
            raise RuntimeError("no file is open")
        return self._writer


class Hdf5Plugin(FilePlugin):
    """The file plugin with layout XML and SWMR."""

    def __init__(self, plugin: Plugin, make_writer: MakeWriter = RoutedWriter) -> None:
        self._hdf5 = Hdf5Store(plugin, make_writer)
        super().__init__(plugin, self._hdf5)
        plugin.port.on_put("XMLFileName", self._on_layout)
        plugin.port.on_put("FramepathMode", self._on_mode)
        plugin.port.on_put("FlushNow", self._on_flush)
        plugin.port.on_put("NumFramesFlush", self._on_flush_interval)
        handle_limits(plugin.port, lambda: self._sink.is_open)

    def _on_layout(self, value: Value) -> None:
        self._port.publish("XMLFileName", value)
        self._check_layout(str(value), mode_of(self._port))

    def _on_mode(self, value: Value) -> None:
        mode = Mode.STRICT if value else Mode.COMPAT
        self._port.publish("FramepathMode", value)
        self._check_layout(self._port.text("XMLFileName"), mode)

    def _check_layout(self, source: str, mode: Mode) -> None:
        port = self._port
        try:
            load_layout(source, mode)
        except LayoutError as error:
            words = str(error) if mode is Mode.STRICT else _words(error)
            port.publish("XMLErrorMsg", words)
            port.publish("XMLValid", 0)
            raise PutRefused(str(error)) from error
        port.publish("XMLErrorMsg", "" if source else "Default layout selected")
        port.publish("XMLValid", 1)

    def _on_flush_interval(self, value: Value) -> None:
        is_by_time = int(value) == 0 and mode_of(self._port) is Mode.STRICT  # type: ignore[arg-type]
        least = max(1, self._port.integer("NumFramesChunks"))
        if int(value) < least and not is_by_time:  # type: ignore[arg-type]
            raise PutRefused(
                "flushes cannot be closer than the frames of a chunk",
                found=value,
                expected=f"at least {least} (NumFramesChunks)",
                where=self._port.pv("NumFramesFlush"),
            )

    def _on_flush(self, value: Value) -> None:
        if value:
            self._port.begin("FlushNow")
            self._run_soon(self._flush)

    def _flush(self) -> None:
        with self._lock:
            self._hdf5.flush()
        self._port.set_setpoint("FlushNow", 0)
        self._port.end("FlushNow")


def _words(error: LayoutError) -> str:
    """areaDetector's own for a failure."""
    return error.status_message if isinstance(error, LAYOUT_FAILURES) else str(error)
