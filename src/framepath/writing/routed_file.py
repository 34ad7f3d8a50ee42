"""One open HDF5 file: frames, attribute rows, ledger and performance table, kept in step."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from framepath.errors import WriteFailed
from framepath.layout.model import Layout, Mode, When
from framepath.spec.frame import Frame
from framepath.spec.ledger import LedgerRow
from framepath.spec.ndattribute import NDAttribute
from framepath.writing import performance
from framepath.writing.attributes import AttributeTable, attributes_of
from framepath.writing.compress import OrderedEncoder
from framepath.writing.encoding import Encoding
from framepath.writing.layout_attributes import overwrite_closing, put_closing, reserve_closing
from framepath.writing.ledger_rows import LEDGER_CHUNK_BYTES, LedgerDataset
from framepath.writing.output_file import OutputFile, failures_as
from framepath.writing.performance import PerformanceTable
from framepath.writing.room import FreeSpace
from framepath.writing.settings import FileWriteMode, WriterSettings
from framepath.writing.tree import TreeBuilder

_MOST_WAITING_ROWS = 4096
"""Attribute rows kept in memory where no flush writes them earlier."""


class RoutedFile:
    """An open file, laid out for frames like ``template``.

    Attributes
    ----------
    counts
        Frames that a reader sees and that a crash leaves, by dataset address.
    n_flushes
        Frame datasets that were flushed to SWMR readers, and at the end NDAttribute datasets
        too: ``SWMRCbCounter``.

    Raises
    ------
    WriteFailed
        The file, or its layout in it, cannot be made; nothing is left of it.
    """

    def __init__(
        self,
        path: Path,
        layout: Layout,
        settings: WriterSettings,
        encoding: Encoding,
        template: Frame,
        extra: Mapping[str, NDAttribute],
    ) -> None:
        self._layout = layout
        self._settings = settings
        self._latest = (template, extra)
        self._output = OutputFile(path, settings)
        try:
            with failures_as("the layout cannot be made in the file", path):
                self._lay_out(encoding, template)
        except BaseException:
            self._output.discard()
            raise
        now = time.monotonic()
        self._performance = PerformanceTable(template.n_bytes, settings.n_frames_limit, now)
        self._encoder = OrderedEncoder(encoding, settings.compress_workers)
        self._room = FreeSpace(path.parent, self._closing_bytes(template.n_bytes))
        self._n_unflushed = 0
        self.n_flushes = 0
        self._flushed_s = now
        self.flushed_counts = self.counts

    def _lay_out(self, encoding: Encoding, template: Frame) -> None:
        file = self._output.h5.id
        attributes = attributes_of(*self._latest)
        tree = TreeBuilder(
            file, self._layout, self._settings, encoding, template, attributes
        ).build()
        self._frames = tree.frames
        self._attributes = AttributeTable(tree.columns, self._settings.mode)
        self._attributes.write_once(When.FILE_OPEN, template, attributes)
        self._performance_dataset = tree.performance
        self._ledger = LedgerDataset(file) if self._settings.keeps_ledger else None
        if self._settings.swmr and self._settings.store_attributes:
            reserve_closing(file, self._layout, attributes)
        self._output.start(self._settings.swmr)

    def _closing_bytes(self, frame_bytes: int) -> int:
        """What completing the file can need beside the frames that were written."""
        rows = self._settings.attribute_chunk_rows() * self._attributes.row_bytes
        return rows + LEDGER_CHUNK_BYTES + 2 * self._settings.compress_workers * frame_bytes

    @property
    def counts(self) -> dict[str, int]:
        """Frames whose bytes libhdf5 has taken, by dataset address."""
        return {address: dataset.n_written for address, dataset in self._frames.items()}

    def append(
        self,
        frame: Frame,
        address: str,
        extra: Mapping[str, NDAttribute],
        is_default: bool,
    ) -> tuple[int, str]:
        """Write a frame that fits, and what travels with it.

        Returns
        -------
        Index in its dataset, and a note on what the frame lacked ("" for nothing).

        Raises
        ------
        FrameRefused
            The frame has no place, or an NDAttribute that does not fit; the file is unchanged.
        NearlyFull
            The frame would leave no room to complete the file; the file is unchanged.
        WriteFailed
            The bytes could not be stored; only `abandon` may follow.
        """
        start_s = time.monotonic()
        attributes = {**extra, **frame.attributes} if extra else frame.attributes
        dataset = self._frames[address]
        place = dataset.places.find(frame, attributes)
        index = dataset.places.index(place)
        self._room.spend(frame.n_bytes)
        note = ""
        if is_default or not self._settings.dim_attribute_datasets:
            note = self._attributes.add(frame, attributes, place)
        replaced = dataset.places.take(place)
        self._latest = (frame, extra)
        with failures_as("a frame cannot be written", self._output.working_path):
            self._encoder.put(frame, partial(dataset.write, place=place))
            if self._attributes.n_waiting >= _MOST_WAITING_ROWS:
                self._write_rows()
        self._performance.add(start_s, time.monotonic())
        self._n_unflushed += 1
        return index, "; ".join(filter(None, (note, replaced)))

    def record(self, row: LedgerRow) -> None:
        """Add a row to the ledger, where the file has one."""
        if self._ledger is not None:
            self._ledger.add(row)

    def flush_if_due(self) -> None:
        """Flush when the settings say so."""
        if not self._n_unflushed:
            return
        frames, seconds = self._settings.flush_every_frames, self._settings.flush_every_s
        if frames:
            due = self._n_unflushed >= frames
        else:
            due = 0 < seconds <= time.monotonic() - self._flushed_s
        if due:
            self.flush()

    def flush(self) -> None:
        """Make every frame so far visible: pixels, then their rows, the ledger last."""
        with failures_as("the file cannot be flushed", self._output.working_path):
            self._write_rows()
            if self._settings.swmr:
                self._flush_datasets()
            else:
                self._output.h5.flush()
        self.flushed_counts = self.counts
        self._n_unflushed = 0
        self._flushed_s = time.monotonic()
        self._room.look_again()

    def _write_rows(self) -> None:
        # Frames before their rows: a row marks a frame that is complete (rule 6n.6).
        self._encoder.drain()
        self._attributes.write()
        if self._ledger is not None:
            self._ledger.write()

    def _flush_datasets(self) -> None:
        for dataset in self._frames.values():
            self.n_flushes += dataset.flush()
        self._attributes.flush()
        if self._ledger is not None:
            self._ledger.flush()

    def close(self) -> None:
        """Write what is written at the end, and close the file.

        Raises
        ------
        WriteFailed
            Something could not be stored; what was flushed is in the file.
        """
        try:
            with failures_as("the file cannot be completed", self._output.working_path):
                self._write_rows()
                self._write_closing()
                self._output.h5.flush()
        except WriteFailed:
            self.abandon()
            raise
        self.flushed_counts = self.counts
        self._encoder.close()
        self._output.close()

    def _write_closing(self) -> None:
        compat = self._settings.mode is Mode.COMPAT
        latest = attributes_of(*self._latest)
        self._attributes.write_once(When.FILE_CLOSE, self._latest[0], latest)
        if compat:
            self._attributes.at_least_one_row()
            for dataset in self._frames.values():
                dataset.at_least_one_frame()
        if self._settings.store_attributes:
            put = overwrite_closing if self._settings.swmr else put_closing
            put(self._output.h5.id, self._layout, latest)
        # Rule 8.3: the captured count, which limits the table, has run down in Capture mode.
        if self._performance_dataset is not None and not (
            compat and self._settings.write_mode is FileWriteMode.CAPTURE
        ):
            performance.write_rows(self._performance_dataset, self._performance.rows())
        if self._settings.swmr:
            self._flush_datasets()
            self.n_flushes += len(self._attributes.columns)

    def abandon(self) -> None:
        """Leave the file as the last flush left it, after a write that failed."""
        self._encoder.close()
        self._output.abandon()
