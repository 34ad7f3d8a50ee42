"""The one file of a writer: made late, closed once, given up after a failure."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from framepath.errors import WriteFailed
from framepath.layout.model import Layout
from framepath.spec.frame import Frame
from framepath.spec.ledger import LedgerRow
from framepath.spec.ndattribute import NDAttribute
from framepath.writing.encoding import Encoding
from framepath.writing.flush_timer import FlushTimer
from framepath.writing.room import NearlyFull
from framepath.writing.routed_file import RoutedFile
from framepath.writing.settings import WriterSettings


class FileLife:
    """Makes, flushes and ends a `RoutedFile`, and knows its counts before and after.

    Attributes
    ----------
    lock
        Held by whoever calls; the flush timer takes it too.
    """

    def __init__(
        self, path: Path, layout: Layout, settings: WriterSettings, destinations: Iterable[str]
    ) -> None:
        self.lock = threading.RLock()
        self._path = path
        self._layout = layout
        self._settings = settings
        self._file: RoutedFile | None = None
        self._timer: FlushTimer | None = None
        self._rows_before_open: list[LedgerRow] = []
        self._last_counts = dict.fromkeys(destinations, 0)
        self._last_flushes = 0
        self._failure: WriteFailed | None = None
        self._closed = False

    @property
    def is_open(self) -> bool:
        """There is a file, and it takes frames."""
        return self._file is not None

    @property
    def has_failed(self) -> bool:
        """A write failed, and the file was closed for it."""
        return self._failure is not None

    @property
    def counts(self) -> dict[str, int]:
        """Frames stored, by dataset address."""
        return self._file.counts if self._file else dict(self._last_counts)

    @property
    def flushed_counts(self) -> dict[str, int]:
        """Frames that readers see and that a crash leaves, by dataset address."""
        return dict(self._file.flushed_counts if self._file else self._last_counts)

    @property
    def n_flushes(self) -> int:
        """Flushes for SWMR readers (see `RoutedFile.n_flushes`)."""
        return self._file.n_flushes if self._file else self._last_flushes

    def require_usable(self) -> None:
        """Raise WriteFailed when the file was closed, on purpose or by a failure."""
        if self._failure is not None:
            raise WriteFailed(
                "the file was closed after a failed write",
                where=self._path,
                next_step="write the frames to another file",
            ) from self._failure
        if self._closed:
            raise WriteFailed(
                "the file is closed", where=self._path, next_step="make another RoutedWriter"
            )

    def ensure(
        self, encoding: Encoding, template: Frame, extra: Mapping[str, NDAttribute]
    ) -> RoutedFile:
        """The open file; made now, laid out for frames like ``template``, when there is none."""
        if self._file is None:
            self._file = RoutedFile(
                self._path, self._layout, self._settings, encoding, template, extra
            )
            for row in self._rows_before_open:
                self._file.record(row)
            self._rows_before_open.clear()
            self._start_timer()
        return self._file

    def record(self, row: LedgerRow) -> None:
        """Put a row into the ledger, or keep it for the ledger of the file to come."""
        if self._file is not None:
            self._file.record(row)
        else:
            self._rows_before_open.append(row)

    def flush(self) -> None:
        """Make every frame so far visible; WriteFailed gives the file up."""
        if self._file is not None:
            try:
                self._file.flush()
            except WriteFailed as failure:
                self.give_up(failure)
                raise

    def give_up(self, failure: WriteFailed) -> None:
        """Close the file as far as possible and remember why."""
        self._failure = failure
        file = self._take_file()
        if file is None:
            return
        if isinstance(failure, NearlyFull):
            try:
                file.close()
            except WriteFailed as second:
                failure.add_note(str(second))
        else:
            file.abandon()
        self._last_counts = file.flushed_counts

    def close(self) -> None:
        """Complete and close the file, once; WriteFailed when what was left is lost."""
        self._closed = True
        file = self._take_file()
        if file is not None:
            try:
                file.close()
            finally:
                self._last_counts = file.flushed_counts
                self._last_flushes = file.n_flushes

    def _take_file(self) -> RoutedFile | None:
        """The file, for the last time."""
        if self._timer is not None:
            self._timer.stop()
        file, self._file = self._file, None
        return file

    def _start_timer(self) -> None:
        settings = self._settings
        if settings.swmr and settings.flush_every_s > 0 and not settings.flush_every_frames:
            self._timer = FlushTimer(settings.flush_every_s, self._flush_pause)

    def _flush_pause(self) -> None:
        """Called by the timer: flush what a pause in the frames would leave invisible."""
        with self.lock:
            if self._file is not None:
                try:
                    self._file.flush_if_due()
                except WriteFailed as failure:
                    # The next call of the writer's owner raises it.
                    self.give_up(failure)
