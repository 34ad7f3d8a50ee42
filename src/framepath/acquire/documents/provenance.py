"""Which darks and flats the images of a run should be corrected with, said when it begins."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky import RunEngine
from bluesky.utils import Msg, MsgGenerator

from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.documents.delivery import RETRYABLE, UNDELIVERABLE
from framepath.acquire.documents.reference_runs import Reference, ReferenceRuns, Wanted
from framepath.acquire.pvs.connection import exists, value_of
from framepath.acquire.pvs.staged_settings import signal_of
from framepath.errors import FramepathError
from framepath.spec.documents import (
    FRAME_TYPES_KEY,
    OWN_REFERENCE,
    REFERENCE_TYPES,
    REFERENCES_KEY,
)
from framepath.spec.frame_type import FrameType

PATIENCE_S = 5.0
"""Seconds that a look-up gets; Tiled's client would try a dead server for 45."""

_COLOURS_AT = {"RGB3": 0, "RGB2": 1, "RGB1": 2}
"""Where the axis of colours stands among (y, x), by the state string of ``ColorMode``."""

Finder = Callable[[FrameType, Wanted], Reference]


def keep_references(engine: RunEngine, runs: ReferenceRuns) -> int:
    """Let every run of an engine say which darks and flats belong to its images.

    Returns the subscription's token.
    """
    token = engine.subscribe(runs.on_document)
    engine.preprocessors.append(partial(with_references, find=runs.find))
    return token


def with_references(
    plan: MsgGenerator[Any], find: Finder, *, patience_s: float = PATIENCE_S
) -> MsgGenerator[Any]:
    """Let the runs of a plan with framepath's detectors say which darks and flats belong to them.

    The metadata ``references`` of a run holds, for each detector, ``dark`` and ``flat``, each with
    the uid of a run and the reason. A run that takes them itself has ``own`` as their reason and no
    uid, which is not known when metadata are written; a run that takes no images has none at all.
    No answer within ``patience_s`` seconds is a reason too: a plan does not fail for it.
    """
    staged: list[FrameDetector] = []

    def insert(msg: Msg) -> tuple[Any, None]:
        if isinstance(msg.obj, FrameDetector):
            if msg.command == "stage":
                staged.append(msg.obj)
            elif msg.command == "unstage" and msg.obj in staged:
                staged.remove(msg.obj)
        elif msg.command == "open_run" and staged and REFERENCES_KEY not in msg.kwargs:
            taken = msg.kwargs.get(FRAME_TYPES_KEY)
            if taken is None or FrameType.IMAGE.name.lower() in taken:
                return _opened(msg, tuple(staged), find, patience_s), None
        return None, None

    return (yield from bpp.plan_mutator(plan, insert))


def _opened(
    msg: Msg, detectors: tuple[FrameDetector, ...], find: Finder, patience_s: float
) -> MsgGenerator[Any]:
    own = msg.kwargs.get(FRAME_TYPES_KEY) or ()
    found: dict[str, Any] = {}
    for det in detectors:
        wanted = Wanted(det.name, _coming_shape(det), _exposure_s(det))
        for frame_type in REFERENCE_TYPES:
            name = frame_type.name.lower()
            if name in own:
                reference = Reference("", OWN_REFERENCE)
            else:
                reference = yield from _looked_up(find, frame_type, wanted, patience_s)
            found.setdefault(det.name, {})[name] = reference.as_metadata()
    return (yield msg._replace(kwargs={**msg.kwargs, REFERENCES_KEY: found}))


def _looked_up(
    find: Finder, frame_type: FrameType, wanted: Wanted, patience_s: float
) -> MsgGenerator[Reference]:
    """Ask on a thread of its own, so that neither the RunEngine nor its end waits for it."""
    answers: list[Reference] = []
    answered = threading.Event()

    def ask() -> None:
        try:
            answers.append(find(frame_type, wanted))
        except (FramepathError, *RETRYABLE, *UNDELIVERABLE) as error:
            answers.append(Reference("", f"the catalog does not answer: {error!r}"))
        finally:
            answered.set()

    threading.Thread(target=ask, name="framepath-references", daemon=True).start()
    yield from bps.wait_for([lambda: asyncio.to_thread(answered.wait, patience_s)])
    late = Reference("", f"the catalog does not answer within {patience_s:g} s")
    return answers[0] if answers else late


def _coming_shape(det: FrameDetector) -> tuple[int, ...]:
    """(y, x) of the frames to come, as far as settings tell, with 3 where a camera has colours.

    The size of the last array does not follow a change of region, so the region is asked; not
    where frames reach the file through another plugin, nor of cameras that have none.
    """
    ports = _values(det, "cam.port_name", "hdf1.nd_array_port")
    if ports is not None and ports[0] != ports[1]:
        last = _values(det, "hdf1.array_size.height", "hdf1.array_size.width")
    else:
        region = _values(det, "cam.size.size_y", "cam.size.size_x", "cam.bin_y", "cam.bin_x")
        if ports is not None and region is not None:
            size = region[0] // max(region[2], 1), region[1] // max(region[3], 1)
            return _with_colours(det, size)
        last = _values(det, "cam.array_size.array_size_y", "cam.array_size.array_size_x")
    return tuple(last or ())


def _with_colours(det: FrameDetector, size_yx: tuple[int, int]) -> tuple[int, ...]:
    """The shape with its axis of colours; cameras number their colour modes differently."""
    signal = signal_of(det, "cam.color_mode")
    if signal is None or not exists(signal):
        return size_yx
    number: Any = value_of(signal)
    states: Any = signal.enum_strs
    place = _COLOURS_AT.get(states[number])
    return size_yx if place is None else (*size_yx[:place], 3, *size_yx[place:])


def _values(det: FrameDetector, *dotted: str) -> list[Any] | None:
    """Values of all these signals; None where the detector lacks one."""
    signals = [signal_of(det, name) for name in dotted]
    if any(signal is None or not exists(signal) for signal in signals):
        return None
    return [value_of(signal) for signal in signals if signal is not None]


def _exposure_s(det: FrameDetector) -> float:
    return float(value_of(det.cam.acquire_time))  # type: ignore[attr-defined]
