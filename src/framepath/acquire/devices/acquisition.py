"""One staging of a detector: its shots, its streams, its counts, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from ophyd.status import DeviceStatus

from framepath.acquire.devices.exposures import Documents, Shot, TriggerLogic
from framepath.acquire.devices.file_plugin import FileLogic
from framepath.acquire.devices.ledger import FrameCounts, LedgerEntry
from framepath.acquire.devices.streams import FrameStream
from framepath.acquire.pvs.watch import Watch
from framepath.errors import FramesLost, IocUnreachable, StagingError, WriteFailed
from framepath.spec.frame_type import FrameType

IDLE_S = 10.0
"""Seconds that a detector gets to stop."""


class Acquisition:
    """From the opened file to the closed one.

    Attributes
    ----------
    counts
        Frames triggered and received so far.
    streams
        The event stream of each frame type.
    shot
        The last request for frames; None before the first.
    ledger
        One entry a frame type that was asked for, once `finish` has run.
    write_error
        What the writer complained of when it was finished.
    """

    def __init__(
        self,
        name: str,
        trigger: TriggerLogic,
        file: FileLogic,
        streams: Mapping[FrameType, FrameStream],
    ) -> None:
        self.name = name
        self.trigger = trigger
        self.file = file
        self.streams = streams
        self.counts = FrameCounts()
        self.shot: Shot | None = None
        self.ledger: tuple[LedgerEntry, ...] | None = None
        self.write_error: WriteFailed | None = None
        self._n_driver = 0
        self._watch = Watch((trigger.trouble, file.trouble))

    def begin(self) -> None:
        """Open the file and arm the detector."""
        for stream in self.streams.values():
            stream.begin()
        self.file.open()
        self.trigger.arm()
        self._n_driver = self.trigger.n_received()
        self._watch.start()

    def shoot(
        self, frame_type: FrameType, n_frames: int, status: DeviceStatus, overdue_s: float
    ) -> Shot:
        """Start taking ``n_frames`` of a type that the IOC is set to already.

        ``status`` fails when they are not taken within twice their exposures and ``overdue_s``.

        Raises
        ------
        StagingError
            The frames of the point before were not read: documents could not tell which is which.
        """
        self._count_received(self.trigger.n_received_then())
        self._refuse_unread()
        n_before, first_row = self.counts.received[frame_type], self.counts.n_triggered
        shot = Shot(frame_type, n_frames, status, n_before, first_row)
        self.counts.triggered[frame_type] += n_frames
        self.shot = shot
        deadline_s = overdue_s + 2 * self.trigger.exposures_s(n_frames)
        overdue = IocUnreachable(
            "the detector did not finish an exposure",
            found=f"{n_frames} frame(s) not taken within {deadline_s:g} s",
            where=self.name,
            next_step="look at DetectorState_RBV and StatusMessage_RBV; a detector that waits for "
            "an external trigger needs a longer det.overdue_s",
        )
        self._watch.follow(status, deadline_s, overdue)
        self.trigger.expose(n_frames, status)
        return shot

    def _refuse_unread(self) -> None:
        shot = self.shot
        if shot is None or not shot.is_point or shot.is_documented:
            return
        if self.counts.received[shot.frame_type] > shot.n_received_before:
            raise StagingError(
                "triggered again before the frames of the last trigger were read",
                found=f"{shot.n_frames} frame(s) in the file that no event describes",
                where=self.name,
                next_step="read the detector after each trigger (bps.trigger_and_read); "
                "to look at a frame first, use a detector that stores nothing",
            )

    def _count_received(self, n_driver: int) -> None:
        """Credit what the driver's counter rose by to the last shot."""
        if self.shot is not None:
            self.counts.received[self.shot.frame_type] += n_driver - self._n_driver
            self._n_driver = n_driver

    @property
    def has_unread_point(self) -> bool:
        """Whether all frames of a point are in the closed file, and no event describes them."""
        shot = self.shot
        if shot is None or not shot.is_point or shot.is_documented:
            return False
        return self.undescribed().get(shot.frame_type, 0) >= shot.n_frames

    def undescribed(self) -> dict[FrameType, int]:
        """Frames of the closed file that no document describes, where there are any."""
        left = {t: self._n_stored(t) - self.streams[t].n_described for t in self.counts.triggered}
        shot = self.shot
        if shot is not None and shot.documents and not shot.is_documented:
            left[shot.frame_type] += shot.n_frames  # documents that were made and never emitted
        return {frame_type: n for frame_type, n in left.items() if n > 0}

    def _n_stored(self, frame_type: FrameType) -> int:
        name = frame_type.name.lower()
        return next((e.stored for e in self.ledger or () if e.frame_type == name), 0)

    def documents(self) -> Documents:
        """Documents of the last shot, the same ones until the RunEngine has emitted them."""
        shot = self.shot
        if shot is None or shot.is_documented:
            return []
        if not shot.documents:
            stream = self.stored_stream(shot)
            stream.take(shot.first_row, shot.n_frames)
            shot.documents = stream.new_documents()
        return shot.documents

    def glance(self, shot: Shot) -> DeviceStatus:
        """A status that ends with the shot, or when more of its frames are stored."""
        glance = DeviceStatus(shot.status.device)
        first_to_end = threading.Lock()

        def end(*_: object) -> None:
            if not first_to_end.acquire(blocking=False):
                return
            error = shot.status.exception(0) if shot.status.done else None
            if error is None:
                glance.set_finished()
            else:
                glance.set_exception(error)

        shot.status.add_callback(end)
        n_known = shot.first_row + (shot.n_told or 0)
        self._watch.when(lambda: self.file.n_stored() > n_known, end)
        return glance

    def tell_stored(self, shot: Shot) -> FrameStream | None:
        """Let the stream of a shot know what is stored of it by now; None when nothing is new."""
        stream = self.streams[shot.frame_type]
        if shot.status.done:
            self.file.after_shot(self.counts.n_triggered)
            n_stored = shot.n_frames
        else:
            n_stored = min(stream.n_readable() - shot.first_row, shot.n_frames)
        return self._told(shot, stream, n_stored)

    def tell_rest(self) -> FrameStream | None:
        """The stream with frames that no document describes yet, once the file is closed.

        A series that ends early leaves them: those of a shot that was cut short, or of one that
        was taken whole while the plan ended before their documents.
        """
        shot = self.shot
        if shot is None or shot.n_told is None:
            return None
        stream = self.streams[shot.frame_type]
        n_untold = self._n_stored(shot.frame_type) - stream.n_taken
        self._told(shot, stream, min(shot.n_told + n_untold, shot.n_frames))
        return stream if stream.has_undescribed else None

    @staticmethod
    def _told(shot: Shot, stream: FrameStream, n_stored: int) -> FrameStream | None:
        n_told = shot.n_told or 0
        if n_stored <= n_told:
            return None
        stream.take(shot.first_row + n_told, n_stored - n_told)
        shot.n_told = n_stored
        return stream

    def stored_stream(self, shot: Shot) -> FrameStream:
        """The stream of a shot, whose frames are known to be stored."""
        if self.ledger is None:  # else they were counted in the closed file
            self.file.after_shot(self.counts.n_triggered)
        return self.streams[shot.frame_type]

    def finish(self) -> tuple[LedgerEntry, ...]:
        """Stop, close the file, count what it holds; the second call only answers.

        Raises
        ------
        StagingError, FileUnreadable
            The detector does not stop, or the file cannot be read back or is not as described.
        """
        if self.ledger is None:
            self._end_exposures()
            try:
                self.file.wait_stored(self.counts.received.total())
            except FramesLost:
                pass  # the file itself is counted below, and the ledger says what is missing
            except WriteFailed as error:
                self.write_error = error  # for the same reason no more than noted
            self.file.close()
            self.ledger = tuple(self._entry(t) for t in self.counts.triggered)
        return self.ledger

    def _end_exposures(self) -> None:
        self._watch.stop()
        if self.shot is not None and not self.shot.status.done:
            # Stopped even where it does not seem to run: its start may still be on its way.
            self.trigger.stop()
            self._wait_for_end_of(self.shot)
        self.trigger.disarm()
        wait_until_idle(self.trigger, self.name)
        self._count_received(self.trigger.n_received())
        if self.shot is not None and self.shot.was_cut_short:
            self.counts.cut_short(self.shot)

    def _wait_for_end_of(self, shot: Shot) -> None:
        shot.was_stopped = True
        pause = threading.Event()
        for _ in range(int(IDLE_S / 0.02)):
            if shot.status.done or self.trigger.trouble() is not None:
                return
            pause.wait(0.02)

    def _entry(self, frame_type: FrameType) -> LedgerEntry:
        stored, address = None, None
        if self.counts.received[frame_type] and self.file.has_file():
            stored = self.file.stored(frame_type)
            address = self.file.where(frame_type)
            self.streams[frame_type].check_as_written(stored)
        return LedgerEntry(
            detector=self.name,
            frame_type=frame_type.name.lower(),
            triggered=self.counts.triggered[frame_type],
            received=self.counts.received[frame_type],
            stored=stored.n_stored if stored else 0,
            file=str(address.path) if address else "",
            dataset=address.dataset if address else "",
            file_on_ioc=address.ioc_path if address else "",
        )

    @property
    def failure(self) -> Exception | None:
        """Why the last shot failed; None while it goes well."""
        status: Any = None if self.shot is None else self.shot.status
        return status.exception(0) if status is not None and status.done else None

    @property
    def lost_its_ioc(self) -> bool:
        """The last shot failed because the IOC is gone: nothing can be asked or closed."""
        return isinstance(self.failure, IocUnreachable)

    @property
    def can_finish(self) -> bool:
        """It has not been finished, and the IOC is there to do it."""
        return self.ledger is None and not self.lost_its_ioc

    def abandon(self) -> None:
        """Let go of a detector that no longer answers."""
        self._watch.stop()


def wait_until_idle(trigger: TriggerLogic, name: str) -> None:
    """Wait until the detector has stopped.

    Raises
    ------
    StagingError
        It has not within `IDLE_S`.
    """
    pause = threading.Event()
    for _ in range(int(IDLE_S / 0.02)):
        if not trigger.is_acquiring():
            return
        pause.wait(0.02)
    raise StagingError(
        "the detector does not stop",
        found="Acquire 1",
        where=name,
        next_step="another session may be using it; stop that one first",
    )
