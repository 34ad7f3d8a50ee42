"""One staging of a detector: its shots, its streams, its counts, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from ophyd.status import DeviceStatus

from framepath.acquire.exposures import Documents, Shot, TriggerLogic
from framepath.acquire.file_plugin import FileLogic
from framepath.acquire.ledger import FrameCounts, LedgerEntry
from framepath.acquire.streams import FrameStream
from framepath.acquire.watch import Watch
from framepath.errors import FramesLost, IocUnreachable, StagingError
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

    def shoot(self, frame_type: FrameType, n_frames: int, status: DeviceStatus) -> Shot:
        """Start taking ``n_frames`` of a type that the IOC is set to already."""
        self._count_received(self.trigger.n_received_then())
        n_before, first_row = self.counts.received[frame_type], self.counts.n_triggered
        shot = Shot(frame_type, n_frames, status, n_before, first_row)
        self.counts.triggered[frame_type] += n_frames
        self.shot = shot
        deadline_s = self.trigger.deadline_s(n_frames)
        overdue = IocUnreachable(
            "the detector did not finish an exposure",
            found=f"{n_frames} frame(s) not taken within {deadline_s:g} s",
            where=self.name,
            next_step="look at DetectorState_RBV and StatusMessage_RBV; a detector that waits for "
            "an external trigger needs det.deadline_s raised",
        )
        self._watch.follow(status, deadline_s, overdue)
        self.trigger.expose(n_frames, status)
        return shot

    def _count_received(self, n_driver: int) -> None:
        """Credit what the driver's counter rose by to the last shot."""
        if self.shot is not None:
            self.counts.received[self.shot.frame_type] += n_driver - self._n_driver
            self._n_driver = n_driver

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

    def stored_stream(self, shot: Shot) -> FrameStream:
        """The stream of a shot, whose frames are known to be stored."""
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
        if self.counts.received[frame_type]:
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
        )

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
