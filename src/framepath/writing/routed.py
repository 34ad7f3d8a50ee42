"""The routed writer: frames in, each to the dataset it names, every one accounted for."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from framepath.errors import FrameRefused, RoutingError, WriteFailed
from framepath.layout.model import Layout, Mode
from framepath.layout.parse_layout import load_layout
from framepath.spec.frame import Frame
from framepath.spec.ledger import Fate, LedgerRow
from framepath.spec.ndattribute import NDAttribute
from framepath.writing.capture import CaptureBuffer
from framepath.writing.encoding import Encoding, encoding_of
from framepath.writing.file_life import FileLife
from framepath.writing.fitting import check_fits, check_frame, check_room
from framepath.writing.geometry import geometry_of
from framepath.writing.routing import Route, Router, frame_type_of
from framepath.writing.settings import FileWriteMode, WriterSettings

_log = logging.getLogger(__name__)

ExtraAttributes = Iterable[NDAttribute] | Callable[[], Iterable[NDAttribute]]


class RoutedWriter:
    """Writes frames into one HDF5 file by an areaDetector layout.

    The file is made when the first frame arrives, or by `open`. Any thread may call, the calls
    are made one at a time. In a ``with`` statement the file is closed at the end.

    Parameters
    ----------
    path
        The file; an existing one is refused in strict mode and truncated in compat.
    layout
        A parsed layout, a path, XML text, or "" for areaDetector's default.
    settings
        See `WriterSettings`.
    extra_attributes
        NDAttributes of the writer itself (a file plugin's own attributes file), or a callable
        that gives them for each frame. A frame's own win, and only a frame's own can route it.

    Attributes
    ----------
    n_received, n_in_default
        Frames given to `write`; stored in the default dataset because their destination is none.

    Raises
    ------
    SettingsError, LayoutError
        The settings or the layout cannot give a file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        layout: Layout | str = "",
        settings: WriterSettings | None = None,
        extra_attributes: ExtraAttributes = (),
    ) -> None:
        self.path = Path(path)
        self.settings = settings = settings or WriterSettings()
        settings.check()
        self.layout = layout if isinstance(layout, Layout) else load_layout(layout, settings.mode)
        self.n_received = 0
        self._n_refused = 0
        self.n_in_default = 0
        self._n_accepted = 0
        self._strict = settings.mode is Mode.STRICT
        self._router = Router(self.layout, settings.mode)
        self._extra = extra_attributes if callable(extra_attributes) else lambda: extra_attributes
        capturing = settings.write_mode is FileWriteMode.CAPTURE
        self._buffer = CaptureBuffer() if capturing else None
        self._encoding: Encoding | None = None
        self._life = FileLife(self.path, self.layout, settings, self._router.destinations)
        self._reported: set[str] = set()

    @property
    def is_open(self) -> bool:
        """There is a file, and it takes frames."""
        return self._life.is_open

    @property
    def is_complete(self) -> bool:
        """As many frames as ``NumCapture`` (or Single mode, or extra dimensions) allow are in."""
        limit = self.settings.n_frames_limit
        return 0 < limit <= self._n_accepted

    @property
    def counts(self) -> dict[str, int]:
        """Frames stored, by dataset address."""
        return self._life.counts

    @property
    def n_stored(self) -> int:
        """Frames whose bytes the file has taken."""
        return sum(self.counts.values())

    @property
    def n_refused(self) -> int:
        """Frames given to `write` that are not stored: refused, or lost by a failed write."""
        if self._life.has_failed:
            return self.n_received - self.n_stored - self.n_held
        return self._n_refused

    @property
    def n_flushed(self) -> int:
        """Frames that readers see and that a crash leaves."""
        return sum(self._life.flushed_counts.values())

    @property
    def n_flushes(self) -> int:
        """Datasets flushed to SWMR readers so far."""
        return self._life.n_flushes

    @property
    def n_held(self) -> int:
        """Frames in memory, in Capture mode."""
        return self._buffer.n_frames if self._buffer is not None else 0

    def open(self, template: Frame) -> None:
        """Make the file now, laid out for frames like ``template``, which is not stored.

        In Capture mode this only fixes the kind of frame; `write_captured` makes the file.

        Raises
        ------
        WriteFailed
            The file cannot be made.
        """
        with self._life.lock:
            self._life.require_usable()
            if self._encoding is None:
                self._encoding = self._encoding_for(template)
            if self._buffer is None:
                self._life.ensure(self._encoding, template, self._extra_now())

    def write(self, frame: Frame) -> LedgerRow:
        """Store a frame, or in Capture mode hold it.

        With ``compress_workers`` the frame may still be on its way when this returns; `flush`
        waits for it, and a failure is raised by a later call.

        Returns
        -------
        What became of the frame; in compat mode a refused one too.

        Raises
        ------
        FrameRefused, RoutingError
            Strict mode: the frame does not fit the file, or names no dataset. The file goes on.
        WriteFailed
            The file could not be made or written; it is closed, with what was flushed in it.
        """
        with self._life.lock:
            self._life.require_usable()
            self.n_received += 1
            try:
                return self._take(frame)
            except (FrameRefused, RoutingError) as refusal:
                row = self._refuse(frame, refusal)
                if self._strict:
                    raise
                return row
            except WriteFailed:
                self._n_refused += 1
                raise

    def _take(self, frame: Frame) -> LedgerRow:
        check_room(frame, self._n_accepted, self.settings)
        route = self._router.route(frame)
        if self._encoding is None:
            self._encoding = self._encoding_for(frame)
        else:
            check_fits(frame, self._encoding, self.settings.mode)
        if self._buffer is None:
            row = self._store(frame, route)
        else:
            row = self._row(frame, route, self._buffer.hold(frame, route))
        self._n_accepted += 1
        return row

    def _store(self, frame: Frame, route: Route) -> LedgerRow:
        assert self._encoding is not None
        extra = self._extra_now()
        file = self._life.ensure(self._encoding, frame, extra)
        is_default = route.destination == self._router.default
        try:
            index, note = file.append(frame, route.destination, extra, is_default)
            row = self._row(frame, route, index, note)
            file.record(row)
            file.flush_if_due()
        except WriteFailed as failure:
            lost = Route(route.destination, Fate.REFUSED, failure.summary)
            file.record(self._row(frame, lost))
            self._life.give_up(failure)
            raise
        if route.fate is Fate.STORED_IN_DEFAULT:
            self.n_in_default += 1
            self._report("frame stored in the default dataset", frame, route.reason)
        return row

    def _refuse(self, frame: Frame, refusal: FrameRefused | RoutingError) -> LedgerRow:
        self._n_refused += 1
        reason = f"{refusal.summary}: {refusal.found}"
        row = self._row(frame, Route(self._router.asked(frame), Fate.REFUSED, reason))
        self._record_in_order(row)
        self._report("frame refused", frame, reason)
        return row

    def record_dropped(self, frame: Frame, reason: str) -> None:
        """Note in the ledger a frame that was meant for this file and never reached `write`."""
        with self._life.lock:
            route = Route(self._router.asked(frame), Fate.DROPPED, reason)
            self._record_in_order(self._row(frame, route))

    def _record_in_order(self, row: LedgerRow) -> None:
        """Record a frame that is not stored, between those held in Capture mode."""
        if self._buffer is not None:
            self._buffer.hold_row(row)
        else:
            self._life.record(row)

    def _row(self, frame: Frame, route: Route, index: int = -1, note: str = "") -> LedgerRow:
        return LedgerRow(
            frame.unique_id,
            frame_type_of(route.destination),
            route.destination,
            index,
            frame.timestamp,
            time.time(),
            route.fate,
            "; ".join(filter(None, (route.reason, note))),
        )

    def _report(self, what: str, frame: Frame, reason: str) -> None:
        """Log the first frame of each kind of trouble; the counters hold the rest."""
        if what not in self._reported:
            self._reported.add(what)
            fields = {"path": str(self.path), "unique_id": frame.unique_id, "reason": reason}
            _log.warning(what, extra=fields)

    def write_captured(self) -> list[LedgerRow]:
        """Capture mode: write the held frames to the file and close it.

        Raises
        ------
        WriteFailed
            There are none, or the file cannot be written.
        """
        with self._life.lock:
            self._life.require_usable()
            rows: list[LedgerRow] = []
            for held in self._buffer.take_all() if self._buffer is not None else []:
                if isinstance(held, LedgerRow):
                    self._life.record(held)
                else:
                    rows.append(self._store(*held))
            self.close()
            return rows

    def discard_captured(self) -> int:
        """Capture mode: drop the held frames on purpose; returns how many there were."""
        with self._life.lock:
            n_dropped = self.n_held
            if self._buffer is not None and n_dropped:
                self._buffer.take_all()
            return n_dropped

    def flush(self) -> None:
        """Make every frame so far visible to readers; WriteFailed when that is impossible."""
        with self._life.lock:
            self._life.require_usable()
            self._life.flush()

    def close(self) -> None:
        """Complete and close the file, once; held frames are written first.

        Raises
        ------
        WriteFailed
            What was left could not be stored.
        """
        with self._life.lock:
            if self.n_held:
                self.write_captured()
                return
            self._life.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _encoding_for(self, frame: Frame) -> Encoding:
        check_frame(frame)
        return encoding_of(frame, geometry_of(frame, self.settings), self.settings)

    def _extra_now(self) -> dict[str, NDAttribute]:
        return {attribute.name: attribute for attribute in self._extra()}
