"""Which darks and flats the images of a run should be corrected with, said when it begins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.utils import Msg, MsgGenerator
from tiled.client.container import Container

from framepath.acquire.connection import value_of
from framepath.acquire.delivery import RETRYABLE
from framepath.acquire.detector import FrameDetector
from framepath.spec.documents import STREAM_OF_FRAME_TYPE, image_key
from framepath.spec.frame_type import FrameType

REFERENCE_TYPES = (FrameType.DARK, FrameType.FLAT)
SAME_EXPOSURE = 1e-3
"""Relative difference below which two exposures count as equal."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What references must fit.

    ``shape`` (y, x) of a frame; ``exposure_s`` seconds.
    """

    detector: str
    shape: tuple[int, ...]
    exposure_s: float


@dataclass(frozen=True, slots=True)
class Reference:
    """The run that holds suitable darks or flats, or why there is none.

    ``uid`` is "" without one; ``reason`` says why this one, or why none.
    """

    uid: str
    reason: str

    def as_metadata(self) -> dict[str, str]:
        """Plain values."""
        return {"uid": self.uid, "reason": self.reason}


class CatalogReferences:
    """Finds the newest suitable darks and flats in a catalog.

    Parameters
    ----------
    catalog
        Client of the container of runs.
    max_age_s
        Runs that began longer ago do not count.
    n_runs
        At most so many runs are looked at, the newest first.
    """

    def __init__(
        self, catalog: Container, *, max_age_s: float = 12 * 3600, n_runs: int = 100
    ) -> None:
        self._catalog = catalog
        self._max_age_s = max_age_s
        self._n_runs = n_runs

    def __call__(self, frame_type: FrameType, wanted: Wanted) -> Reference:
        """The newest run with such frames, or the reason why the nearest one does not fit."""
        nearest = f"none of the last {self._n_runs} runs has {frame_type.name.lower()}s"
        stream = STREAM_OF_FRAME_TYPE[frame_type]
        newest_first: Any = self._catalog.items()[-1 : -(self._n_runs + 1) : -1]
        for uid, run in newest_first:
            age_s = time.time() - run.metadata["start"]["time"]
            if age_s > self._max_age_s:
                break
            if wanted.detector not in run.metadata["start"].get("detectors", ()):
                continue
            if stream not in run:
                continue
            misfit = _misfit(run[stream], wanted)
            if not misfit:
                return Reference(uid, f"newest that fits, {age_s:.0f} s old")
            nearest = f"{uid} does not fit: {misfit}"
        return Reference("", nearest)


def _misfit(stream: Any, wanted: Wanted) -> str:
    """Why frames of a stream cannot correct what is wanted; "" when they can."""
    images = stream[image_key(wanted.detector)]
    if tuple(images.shape[1:]) != wanted.shape:
        return f"frames are {tuple(images.shape[1:])}, not {wanted.shape}"
    if not len(images):
        return "it holds no frame"
    exposure_s = _exposure_s(stream.metadata, wanted.detector)
    if exposure_s is None:
        return "its exposure is not recorded"
    if abs(exposure_s - wanted.exposure_s) > SAME_EXPOSURE * wanted.exposure_s:
        return f"exposed {exposure_s:g} s, not {wanted.exposure_s:g} s"
    return ""


def _exposure_s(descriptor: Any, detector: str) -> float | None:
    for configuration in descriptor.get("configuration", {}).values():
        value = configuration.get("data", {}).get(f"{detector}_cam_acquire_time")
        if value is not None:
            return float(value)
    return None


Finder = Callable[[FrameType, Wanted], Reference]


def with_references(plan: MsgGenerator[Any], find: Finder) -> MsgGenerator[Any]:
    """Let every run of framepath's detectors say which darks and flats belong to its images.

    The metadata ``references`` of a run holds, for each detector, ``dark`` and ``flat``, each with
    the uid of a run and the reason: the run itself when its plan takes them (``own``), else what
    ``find`` finds, else "" with why. For all plans:
    ``RE.preprocessors.append(functools.partial(with_references, find=CatalogReferences(cat)))``.
    """
    staged: list[FrameDetector] = []

    def insert(msg: Msg) -> tuple[Any, None]:
        if isinstance(msg.obj, FrameDetector):
            if msg.command == "stage":
                staged.append(msg.obj)
            elif msg.command == "unstage" and msg.obj in staged:
                staged.remove(msg.obj)
        elif msg.command == "open_run" and staged and "references" not in msg.kwargs:
            return _opened(msg, tuple(staged), find), None
        return None, None

    return (yield from bpp.plan_mutator(plan, insert))


def _opened(msg: Msg, detectors: tuple[FrameDetector, ...], find: Finder) -> MsgGenerator[Any]:
    own = {name for name, _ in msg.kwargs.get("frame_sequence", ())}
    found: dict[str, Any] = {}
    for det in detectors:
        wanted = _wanted(det)
        for frame_type in REFERENCE_TYPES:
            name = frame_type.name.lower()
            if name in own:
                reference = Reference("", "own: this run takes them")
            else:
                reference = yield from _looked_up(find, frame_type, wanted)
            found.setdefault(det.name, {})[name] = reference.as_metadata()
    return (yield msg._replace(kwargs={**msg.kwargs, "references": found}))


def _looked_up(find: Finder, frame_type: FrameType, wanted: Wanted) -> MsgGenerator[Reference]:
    """Ask on a thread of its own: the RunEngine's loop does not wait for the network."""
    answer: list[Reference] = []

    def ask() -> None:
        try:
            answer.append(find(frame_type, wanted))
        except RETRYABLE as error:
            answer.append(Reference("", f"the catalog does not answer: {error!r}"))

    yield from bps.wait_for([lambda: asyncio.to_thread(ask)])
    return answer[0]


def _wanted(det: FrameDetector) -> Wanted:
    cam: Any = det.cam  # type: ignore[attr-defined]
    size = cam.array_size
    shape = (int(value_of(size.array_size_y)), int(value_of(size.array_size_x)))
    return Wanted(det.name, shape, float(value_of(cam.acquire_time)))
