"""Plans and plan stubs for series of images, darks and flats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.utils import FailedStatus, MsgGenerator, plan

from framepath.acquire.detector import FrameDetector
from framepath.acquire.exposures import Shot
from framepath.acquire.ledger import LedgerStream
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
        self._is_counted = False

    def trigger(self):  # type: ignore[no-untyped-def]
        """Set the frame type and start the frames; the status they end with."""
        if self.shot is None:
            if self.detector.frame_type is not self.frame_type:
                self.detector.frame_type = self.frame_type
            self.shot = self.detector.shoot(self.frame_type, self.n_frames)
        return self.shot.status

    def store(self) -> None:
        """Wait until the frames are stored, and let their stream describe them."""
        assert self.shot is not None
        assert self.detector.acquisition is not None
        if not self._is_counted:
            stream = self.detector.acquisition.stored_stream(self.shot)
            stream.take(self.shot.first_row, self.n_frames)
            self._is_counted = True


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


@plan
@ending_with_the_cause
def take(det: FrameDetector, frame_type: FrameType | str, n_frames: int = 1) -> MsgGenerator[None]:
    """Stub: take frames of one type, in an open run, with a staged detector.

    Their documents go to the event stream of their type (``primary``, ``dark`` or ``flat``).

    Raises
    ------
    SettingsError
        Unknown frame type, or fewer than one frame.
    FramesLost, WriteFailed, IocUnreachable, StagingError
        They were not taken, or not stored.
    """
    ((wanted, n_frames),) = checked_steps(det, [(frame_type, n_frames)])
    step: Any = Take(det, wanted, n_frames)
    stream: Any = det.streams[wanted]
    yield from bps.trigger(step, wait=True)
    step.store()
    if not stream.is_declared:
        yield from bps.declare_stream(stream, name=stream.stream, collect=True)
    yield from bps.collect(stream, name=stream.stream)
    yield from bps.checkpoint()
    det.on_checkpoint()


@plan
@ending_with_the_cause
def record_ledger(*detectors: FrameDetector, report: bool = True) -> MsgGenerator[None]:
    """Stub: close the detectors' files and record their counts in the stream ``ledger``.

    ``report`` False records a loss and says no more, for runs that fail for another reason.

    Raises
    ------
    FramesLost
        The counts of a detector disagree; they are recorded all the same.
    """
    for det in detectors:
        closing: Any = Closing(det)
        yield from bps.trigger(closing, wait=True)
        ledger: Any = LedgerStream(det.ledger, det.on_collected)
        yield from bps.declare_stream(ledger, name=ledger.name, collect=True)
        yield from bps.collect(ledger, name=ledger.name)
        yield from bps.checkpoint()
        det.on_checkpoint()
    for det in detectors if report else ():
        det.report_loss()


@plan
@ending_with_the_cause
def frame_series(
    det: FrameDetector,
    sequence: Iterable[Step] | None = None,
    *,
    images: int = 0,
    darks: int = 0,
    flats: int = 0,
    md: dict[str, Any] | None = None,
) -> MsgGenerator[None]:
    """Take images, darks and flats into one file, each type in its dataset and event stream.

    Parameters
    ----------
    det
        From `area_detector`; its IOC must route frame types (`configure_routing`).
    sequence
        Steps in order, e.g. ``[(DARK, 1), (FLAT, 1), (IMAGE, 2), (DARK, 1)]``; names such as
        ``"white"`` will do. Or None and the counts below, taken in the order darks, flats, images.
    images, darks, flats
        Frames of each type.
    md
        Further metadata of the run.

    Raises
    ------
    SettingsError
        Before anything moves: unknown frame types, counts that make no series.
    FramesLost
        After the run's ledger was recorded.
    """
    given = [(FrameType.DARK, darks), (FrameType.FLAT, flats), (FrameType.IMAGE, images)]
    steps = checked_steps(det, _sequence_or_counts(sequence, given))
    metadata = {
        "plan_name": "frame_series",
        "detectors": [det.name],
        "num_points": sum(n for _, n in steps),
        "frame_sequence": [[frame_type.name.lower(), n] for frame_type, n in steps],
        "hints": {},
        **(md or {}),
    }

    @bpp.stage_decorator([det])
    @bpp.run_decorator(md=metadata)
    def series() -> MsgGenerator[None]:
        yield from bps.checkpoint()
        for frame_type, n_frames in steps:
            yield from take(det, frame_type, n_frames)
        yield from record_ledger(det)

    return (yield from series())


def _sequence_or_counts(
    sequence: Iterable[Step] | None, counts: Sequence[tuple[FrameType, int]]
) -> Iterable[Step]:
    asked = [(frame_type, n) for frame_type, n in counts if n]
    if sequence is None:
        return asked
    if asked:
        raise SettingsError(
            "a series is either a sequence or counts",
            found=f"a sequence and {', '.join(t.name.lower() + 's' for t, _ in asked)}",
            next_step="leave one of them out",
        )
    return sequence


def checked_steps(det: object, steps: Iterable[Step]) -> list[tuple[FrameType, int]]:
    """The steps with frame types instead of names, every fault in them told at once.

    Raises
    ------
    SettingsError
        Lists each fault with its place in the sequence.
    """
    faults = []
    if not isinstance(det, FrameDetector):
        faults.append(f"{det!r} is no detector of framepath.acquire.area_detector")
    elif det.frames_per_point != 1:
        faults.append("a series describes frames one by one: frames_per_point must be 1")
    checked = []
    steps = list(steps)
    for place, step in enumerate(steps):
        try:
            name, n_frames = step
            checked.append((_frame_type(name), _count(n_frames)))
        except (TypeError, ValueError) as error:
            faults.append(f"step {place}: {error}")
    if not steps:
        faults.append("no frames are asked for")
    if faults:
        raise SettingsError(
            "this series cannot be taken",
            found="; ".join(faults),
            expected="steps (frame type, count) with types "
            f"{', '.join(t.name for t in STREAM_OF_FRAME_TYPE)} and counts from 1",
        )
    return checked


def _frame_type(name: FrameType | str) -> FrameType:
    if isinstance(name, str):
        try:
            name = FrameType.of_name(name)
        except ValueError as error:
            raise SettingsError(str(error)) from None
    if name not in STREAM_OF_FRAME_TYPE:
        raise SettingsError(
            "unknown frame type",
            found=repr(name),
            expected=", ".join(t.name for t in STREAM_OF_FRAME_TYPE),
        )
    return FrameType(name)


def _count(n_frames: object) -> int:
    if not isinstance(n_frames, int) or isinstance(n_frames, bool) or n_frames < 1:
        raise SettingsError("not a number of frames", found=repr(n_frames), expected="1 or more")
    return n_frames
