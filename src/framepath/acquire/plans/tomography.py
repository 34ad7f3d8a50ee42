"""Scans of a rotating sample, and darks and flats around any plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Literal

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import numpy as np
from bluesky.protocols import Movable
from bluesky.utils import Msg, MsgGenerator, plan

from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.plans.flying import fly_images, planned_flight
from framepath.acquire.plans.preprocessors import with_ledger
from framepath.acquire.plans.stubs import (
    check_destinations,
    checked_steps,
    ending_with_the_cause,
    set_frame_type,
    take,
)
from framepath.errors import SettingsError
from framepath.spec.documents import FRAME_TYPES_KEY
from framepath.spec.frame_type import FrameType

Stub = Callable[[], MsgGenerator[Any]]
When = Literal["before", "after", "both"] | int
"""When darks and flats are taken: around the images, or before them and after every n of them."""


@dataclass(frozen=True)
class Hooks:
    """What has to happen so that a dark is dark and a flat is flat; each a plan stub, or None.

    Attributes
    ----------
    close_shutter, open_shutter
        Around darks.
    sample_out, sample_in
        Around flats.
    """

    close_shutter: Stub | None = None
    open_shutter: Stub | None = None
    sample_out: Stub | None = None
    sample_in: Stub | None = None


def _run(hook: Stub | None) -> MsgGenerator[None]:
    if hook is None:
        return
    messages = hook()
    if not isinstance(messages, Iterable):
        raise SettingsError(
            "a hook is no plan stub",
            found=f"{hook!r}, which returned {messages!r}",
            expected="a callable that returns messages: lambda: bps.mv(shutter, 1)",
        )
    yield from messages


@plan
def references(
    det: FrameDetector, darks: int = 0, flats: int = 0, hooks: Hooks | None = None
) -> MsgGenerator[None]:
    """Stub: take darks with the shutter closed and flats without sample, then go back to images.

    When flats fail or are aborted the sample is brought back, for the next scan needs it; a shutter
    stays closed then, for nobody is watching.
    """
    moved = hooks or Hooks()  # no default value: a queueserver takes none but literals
    if darks:
        yield from _run(moved.close_shutter)
        yield from take(det, FrameType.DARK, darks)
        yield from _run(moved.open_shutter)
    if flats:
        yield from bpp.finalize_wrapper(_without_sample(det, flats, moved), _run(moved.sample_in))
    yield from set_frame_type(det, FrameType.IMAGE)


def _without_sample(det: FrameDetector, flats: int, hooks: Hooks) -> MsgGenerator[None]:
    yield from _run(hooks.sample_out)
    yield from take(det, FrameType.FLAT, flats)


@plan
@ending_with_the_cause
def tomo_scan(
    det: FrameDetector,
    theta: Any,
    start: float,
    stop: float,
    num: int,
    *,
    fly: bool = False,
    darks: int = 0,
    flats: int = 0,
    when: When = "before",
    hooks: Hooks | None = None,
    md: dict[str, Any] | None = None,
) -> MsgGenerator[None]:
    """Take ``num`` images of a sample that turns from ``start`` to ``stop``, both included.

    Parameters
    ----------
    det
        From `area_detector`; its IOC must route frame types when darks or flats are asked for.
    theta
        Motor that turns the sample; an ophyd ``EpicsMotor`` when flying.
    start, stop
        First and last angle, in the motor's unit.
    fly
        False stops for each image, and each event holds the motor's reading. True turns at constant
        velocity through all of them; angles are then in the stream ``theta``, by unique id.
    darks, flats
        Frames of each, each time they are taken.
    when
        ``before``, ``after`` or ``both`` sides of the images; a number takes them before the images
        and again after every so many (not when flying).
    hooks
        Plan stubs that move shutter and sample.
    md
        Further metadata of the run.

    Raises
    ------
    SettingsError
        Before anything moves: arguments that make no scan.
    """
    angles = _checked_angles(det, theta, (start, stop, num), fly, when, hooks)
    taken = [FrameType.IMAGE, *_checked_references(det, darks, flats)]
    metadata = {
        "plan_name": "tomo_scan",
        "detectors": [det.name],
        "motors": [theta.name],
        "num_points": num,
        "num_frames": num + (darks + flats) * _n_times(when, num),
        FRAME_TYPES_KEY: sorted(frame_type.name.lower() for frame_type in taken),
        "plan_args": {
            "start": start, "stop": stop, "num": num, "fly": fly,
            "darks": darks, "flats": flats, "when": when,
        },
        "hints": {"dimensions": [([theta.name], "primary")]},
        **(md or {}),
    }  # fmt: skip
    every = when if isinstance(when, int) else 0

    @bpp.stage_decorator([det])
    @bpp.run_decorator(md=metadata)
    def scan() -> MsgGenerator[None]:
        yield from check_destinations(det, taken)
        yield from bps.checkpoint()
        flight = (yield from planned_flight(det, theta, angles)) if fly else None
        if when != "after":
            yield from references(det, darks, flats, hooks)
        if flight is not None:
            yield from fly_images(det, theta, angles, flight)
        else:
            yield from _step_images(det, theta, angles, every, (darks, flats, hooks))
        if when in ("after", "both"):
            yield from references(det, darks, flats, hooks)

    return (yield from with_ledger(scan()))


def _step_images(
    det: FrameDetector,
    theta: Any,
    angles: np.ndarray[Any, np.dtype[np.float64]],
    every: int,
    between: tuple[int, int, Hooks | None],
) -> MsgGenerator[None]:
    yield from set_frame_type(det, FrameType.IMAGE)
    device: Any = det
    for n, angle in enumerate(angles, 1):
        yield from bps.checkpoint()
        yield from bps.mv(theta, float(angle))
        yield from bps.trigger_and_read([device, theta])
        if every and n % every == 0 and n < len(angles):
            yield from references(det, *between)


def _checked_angles(
    det: Any,
    theta: Any,
    ends: tuple[float, float, int],
    fly: bool,
    when: When,
    hooks: Hooks | None,
) -> np.ndarray[Any, np.dtype[np.float64]]:
    start, stop, num = ends
    checked_steps(det, [(FrameType.IMAGE, num)])
    faults = _faults_of_hooks(hooks)
    if not isinstance(theta, Movable):
        faults.append(f"theta is {theta!r}, which cannot be moved")
    if not all(isinstance(end, Real) and np.isfinite(float(end)) for end in (start, stop)):
        faults.append(f"start and stop are {start!r} and {stop!r}")
    if num > 1 and start == stop:
        faults.append(f"start and stop are both {start}")
    if fly and num < 2:
        faults.append("flying needs two images or more")
    if fly and not hasattr(theta, "velocity"):
        faults.append(f"{theta!r} has no velocity to fly with")
    if isinstance(when, int):
        if fly or when < 1 or isinstance(when, bool):
            faults.append(f"when={when} needs a step scan and a number from 1")
    elif when not in ("before", "after", "both"):
        faults.append(f"when={when!r} is not before, after, both or a number")
    if faults:
        raise SettingsError("this scan cannot be taken", found="; ".join(faults))
    angles = np.linspace(start, stop, num)
    motor: Any = theta
    for angle in (start, stop):
        if hasattr(motor, "check_value"):
            motor.check_value(angle)
    return angles


def _faults_of_hooks(hooks: object) -> list[str]:
    if hooks is None:
        return []
    if not isinstance(hooks, Hooks):
        return [f"hooks are {hooks!r}, not framepath.acquire.Hooks"]
    given = {field.name: getattr(hooks, field.name) for field in fields(hooks)}
    return [
        f"hook {name} is {hook!r}, not a callable that returns messages"
        for name, hook in given.items()
        if hook is not None and not callable(hook)
    ]


def _checked_references(det: FrameDetector, darks: int, flats: int) -> list[FrameType]:
    """The types of which frames are asked for."""
    asked = ((FrameType.DARK, darks), (FrameType.FLAT, flats))
    wanted = [(frame_type, n) for frame_type, n in asked if n]
    if wanted:
        checked_steps(det, wanted)
    return [frame_type for frame_type, _ in wanted]


def _n_times(when: When, num: int) -> int:
    """How often darks and flats are taken around ``num`` images."""
    if isinstance(when, int):
        return 1 + (num - 1) // when
    return 2 if when == "both" else 1


def with_darks_flats(
    plan: MsgGenerator[Any],
    det: FrameDetector,
    *,
    darks: int = 0,
    flats: int = 0,
    when: Literal["before", "after", "both"] = "before",
    hooks: Hooks | None = None,
) -> MsgGenerator[Any]:
    """Take darks and flats in the runs of any plan that stages the detector.

    They go to the same file and run as the plan's own frames, in streams of their own.

    Raises
    ------
    SettingsError
        Fewer than one frame of something, or ``when`` is not one of the three.
    """
    if when not in ("before", "after", "both"):
        raise SettingsError("unknown when", found=repr(when), expected="before, after or both")
    faults = _faults_of_hooks(hooks)
    if faults:
        raise SettingsError("these darks and flats cannot be taken", found="; ".join(faults))
    wanted = _checked_references(det, darks, flats)
    own = {frame_type.name.lower() for frame_type in wanted}
    opened: list[Msg] = []
    is_due: list[bool] = []

    def taken() -> MsgGenerator[None]:  # no plan yet: one that is made and never run would warn
        yield from references(det, darks, flats, hooks)

    def begun() -> MsgGenerator[None]:
        yield from check_destinations(det, wanted)
        if when != "after":
            yield from taken()

    def opening(open_run: Msg) -> MsgGenerator[Any]:
        uid = yield open_run
        is_due[:] = [True]
        return uid

    def insert(msg: Msg) -> tuple[Any, None]:
        if any(msg is m for m in opened):
            return None, None
        if msg.command == "open_run":
            told = own | set(msg.kwargs.get(FRAME_TYPES_KEY, [FrameType.IMAGE.name.lower()]))
            more = {FRAME_TYPES_KEY: sorted(told)}
            if msg.kwargs.get("num_points"):
                n_images = msg.kwargs["num_points"] * det.frames_per_point
                more["num_frames"] = n_images + (darks + flats) * _n_times(when, n_images)
            opened.append(msg._replace(kwargs={**msg.kwargs, **more}))
            return opening(opened[-1]), None
        if is_due:
            # Not right behind open_run: what fails there, the plan does not take for its run's.
            is_due.clear()
            return _before(msg, begun()), None
        if msg.command == "close_run" and when != "before" and _ends_by_itself(msg):
            return _before_closing(msg, taken()), None
        return None, None

    return (yield from bpp.plan_mutator(plan, insert))


def _ends_by_itself(close_run: Msg) -> bool:
    """Whether neither an error nor ``RE.stop()`` has ended the run."""
    return close_run.kwargs.get("exit_status") is None


def _before(msg: Msg, first: MsgGenerator[Any]) -> MsgGenerator[Any]:
    yield from first
    return (yield msg._replace())  # another message, which may be the run's last


def _before_closing(close_run: Msg, first: MsgGenerator[Any]) -> MsgGenerator[Any]:
    """The same, closing the run with the error of ``first``: its plan would not any more."""

    def failed(error: Exception) -> MsgGenerator[None]:
        told = {"exit_status": getattr(error, "exit_status", "fail"), "reason": str(error)}
        yield close_run._replace(kwargs={**close_run.kwargs, **told})

    yield from bpp.contingency_wrapper(first, except_plan=failed)
    return (yield close_run)
