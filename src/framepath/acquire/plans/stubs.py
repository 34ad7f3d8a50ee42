"""Plan stubs: frames of one type, their documents, and the ledger of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import bluesky.plan_stubs as bps
from bluesky.utils import FailedStatus, MsgGenerator, plan

from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.devices.exposures import Shot, checked_count
from framepath.acquire.devices.ledger import LedgerStream
from framepath.acquire.devices.streams import FrameStream
from framepath.errors import FramepathError, SettingsError
from framepath.spec.documents import STREAM_OF_FRAME_TYPE
from framepath.spec.frame_type import FrameType

Step = tuple[FrameType | str, int]
"""A frame type and how many frames of it."""

PlanFunction = Callable[..., MsgGenerator[Any]]


def ending_with_the_cause(
    wrapped: Callable[..., MsgGenerator[Any]],
) -> Callable[..., MsgGenerator[Any]]:
    """Let a plan end with the error of the status that failed, not with the status around it."""

    @wraps(wrapped)
    def cleared(*args: Any, **keywords: Any) -> MsgGenerator[Any]:
        try:
            return (yield from wrapped(*args, **keywords))
        except FailedStatus as failed:
            if isinstance(failed.__cause__, FramepathError):
                raise failed.__cause__ from None
            raise

    return cleared


class Take:
    """One step of a series as the RunEngine triggers it, exactly once.

    After a pause the RunEngine repeats messages since the last checkpoint. Repeating this one
    answers with the shot that was begun.
    """

    parent = None

    def __init__(self, detector: FrameDetector, frame_type: FrameType, n_frames: int) -> None:
        self.detector = detector
        self.frame_type = frame_type
        self.n_frames = n_frames
        self.name = f"{detector.name}_take"
        self.shot: Shot | None = None

    @property
    def is_done(self) -> bool:
        """Whether all its frames are taken and described."""
        return self.shot is not None and self.shot.n_told == self.n_frames

    def trigger(self):  # type: ignore[no-untyped-def]
        """Set the frame type and start the frames; a status that ends with them, or a bit later."""
        if self.shot is None:
            if self.detector.frame_type is not self.frame_type:
                self.detector.frame_type = self.frame_type
            self.shot = self.detector.shoot(self.frame_type, self.n_frames)
            self.shot.n_told = 0
        return self.detector.active.glance(self.shot)

    def new_frames(self) -> FrameStream | None:
        """The stream that has frames to describe; waits when the detector is done."""
        assert self.shot is not None
        return self.detector.active.tell_stored(self.shot)


class Closing:
    """The end of a detector's file as the RunEngine triggers it; repeating it changes nothing."""

    parent = None

    def __init__(self, detector: FrameDetector) -> None:
        self.name = f"{detector.name}_closing"
        self.trigger = detector.close_file


@plan
def set_frame_type(det: FrameDetector, frame_type: FrameType | str) -> MsgGenerator[None]:
    """Stub: set the type of the frames to come, for ``bp.count`` and other plans.

    Raises
    ------
    SettingsError
        There is no such frame type.
    """
    wanted = _frame_type(frame_type)
    yield from bps.null()
    det.frame_type = wanted


def check_destinations(det: FrameDetector, frame_types: Iterable[FrameType]) -> MsgGenerator[None]:
    """Stub: refuse frame types that a staged detector would misplace, before anything moves.

    Raises
    ------
    StagingError, RoutingError
        Names the type, and what the IOC would do with it.
    """
    yield from bps.null()
    for frame_type in frame_types:
        det.file_logic.check(frame_type)


@plan
@ending_with_the_cause
def take(det: FrameDetector, frame_type: FrameType | str, n_frames: int = 1) -> MsgGenerator[None]:
    """Stub: take frames of one type, in an open run, with a staged detector.

    Their documents go to the event stream of their type (``primary``, ``dark`` or ``flat``) while
    frames arrive, at most twenty times a second.

    Raises
    ------
    SettingsError
        Unknown frame type, or fewer than one frame.
    FramesLost, WriteFailed, IocUnreachable, StagingError
        They were not taken, or not stored.
    """
    ((wanted, n_frames),) = checked_steps(det, [(frame_type, n_frames)])
    step: Any = Take(det, wanted, n_frames)
    while not step.is_done:
        yield from bps.trigger(step, wait=True)
        yield from _described(det, step.new_frames())


def _described(det: FrameDetector, stream: Any) -> MsgGenerator[None]:
    """Stub: emit the documents of frames that a stream was told of."""
    if stream is None:
        return
    if not stream.is_declared:
        yield from bps.declare_stream(stream, name=stream.stream, collect=True)
    yield from bps.collect(stream, name=stream.stream)
    yield from bps.checkpoint()
    det.on_checkpoint()


Complete = Callable[[Iterable[FrameDetector]], MsgGenerator[None]]
"""A stub that makes the event of a point that was exposed and not saved."""


@plan
@ending_with_the_cause
def record_ledger(
    *detectors: FrameDetector, report: bool = True, complete: Complete | None = None
) -> MsgGenerator[None]:
    """Stub: close the detectors' files and record their counts in the stream ``ledger``.

    ``report`` False records a loss and says no more, for runs that fail for another reason.

    Raises
    ------
    FramesLost
        The counts of a detector disagree; they are recorded all the same.
    """
    failures = []
    for det in detectors:
        closing: Any = Closing(det)
        try:
            yield from bps.trigger(closing, wait=True)
        except FailedStatus as failure:
            failures.append(failure)  # the other detectors are recorded all the same
    recorded = [det for det in detectors if det.ledger]
    for det in recorded:
        yield from _described(det, det.active.tell_rest())
    if complete is not None:
        yield from complete(recorded)
    if recorded:
        yield from _ledger_events(recorded)
    for failure in failures:
        raise failure
    for det in detectors if report else ():
        det.report_loss()


def _ledger_events(detectors: Sequence[FrameDetector]) -> MsgGenerator[None]:
    def on_collected() -> None:
        for det in detectors:
            det.on_collected()

    entries = [entry for det in detectors for entry in det.ledger]
    ledger: Any = LedgerStream(entries, on_collected)
    yield from bps.declare_stream(ledger, name=ledger.name, collect=True)
    yield from bps.collect(ledger, name=ledger.name)
    yield from bps.checkpoint()
    for det in detectors:
        det.on_checkpoint()


def checked_steps(det: object, steps: Iterable[Step]) -> list[tuple[FrameType, int]]:
    """The steps with frame types instead of names, every fault in them told at once.

    Raises
    ------
    SettingsError
        Lists each fault with its place in the sequence.
    """
    faults = []
    if not isinstance(det, FrameDetector):
        name = getattr(det, "name", None) or repr(det)
        faults.append(f"{name} is no detector of framepath.acquire.area_detector")
    elif det.frames_per_point != 1:
        faults.append("a series describes frames one by one: frames_per_point must be 1")
    checked = []
    if isinstance(steps, str) or not isinstance(steps, Iterable):
        faults.append(f"{steps!r} is no sequence of steps")
        steps = ()
    steps = list(steps)
    for place, step in enumerate(steps):
        try:
            checked.append(_checked_step(step))
        except SettingsError as error:
            faults.append(f"step {place}: {error.summary}")
    if not steps and not faults:
        faults.append("no frames are asked for")
    if faults:
        raise SettingsError(
            "this series cannot be taken",
            found="; ".join(faults),
            expected="steps (frame type, count) with types "
            f"{', '.join(t.name for t in STREAM_OF_FRAME_TYPE)} and counts from 1",
        )
    return checked


def _checked_step(step: Any) -> tuple[FrameType, int]:
    try:
        name, n_frames = step
    except (TypeError, ValueError):
        raise SettingsError(f"{step!r} is no pair of a frame type and a count") from None
    frame_type = _frame_type(name)
    try:
        return frame_type, checked_count(n_frames)
    except SettingsError:
        raise SettingsError(f"{n_frames!r} frames of type {frame_type.name}") from None


def _frame_type(name: FrameType | str) -> FrameType:
    if isinstance(name, str):
        try:
            name = FrameType.of_name(name)
        except ValueError as error:
            raise SettingsError(str(error)) from None
    if name not in STREAM_OF_FRAME_TYPE:
        raise SettingsError(
            f"unknown frame type {name!r}",
            expected=", ".join(t.name for t in STREAM_OF_FRAME_TYPE),
        )
    return FrameType(name)
