"""Runs that hold darks and flats: remembered from this session's documents, found in a catalog."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tiled.queries import SpecsQuery

from framepath.spec.documents import REFERENCE_TYPES, STREAM_OF_FRAME_TYPE, image_key
from framepath.spec.frame_type import FrameType

if TYPE_CHECKING:
    from tiled.client.container import Container

SAME_EXPOSURE = 1e-3
"""Relative difference below which two exposures count as equal."""

MAX_AGE_S = 12 * 3600.0
"""Darks and flats older than this do not count, unless told otherwise."""


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


@dataclass(frozen=True, slots=True)
class Candidate:
    """Darks or flats of one run.

    ``began`` seconds since the Unix epoch; ``shape`` (y, x) as stored; ``exposure_s`` None where
    the run does not say.
    """

    uid: str
    began: float
    shape: tuple[int, ...]
    exposure_s: float | None

    def misfit(self, wanted: Wanted) -> str:
        """Why these frames cannot correct what is wanted; "" when they can."""
        if self.shape != wanted.shape:
            return f"frames are {self.shape}, not {wanted.shape}"
        if self.exposure_s is None:
            return "its exposure is not recorded"
        if abs(self.exposure_s - wanted.exposure_s) > SAME_EXPOSURE * wanted.exposure_s:
            return f"exposed {self.exposure_s:g} s, not {wanted.exposure_s:g} s"
        return ""


def newest_fitting(
    candidates: Iterable[Candidate], wanted: Wanted, max_age_s: float, none: str
) -> Reference:
    """The newest candidate that fits; else why the newest one does not, or ``none``.

    Parameters
    ----------
    candidates
        The newest first; looked at one by one until one fits.
    wanted, max_age_s
        What they must be like, and when they must have begun.
    none
        The reason where there is no candidate.
    """
    nearest = ""
    for candidate in candidates:
        age_s = max(time.time() - candidate.began, 0.0)
        misfit = candidate.misfit(wanted)
        if age_s > max_age_s:
            misfit = f"it is {age_s:.0f} s old, more than {max_age_s:.0f} s"
        if not misfit:
            return Reference(candidate.uid, f"newest that fits, {age_s:.0f} s old")
        nearest = nearest or f"{candidate.uid} does not fit: {misfit}"
    return Reference("", nearest or none)


class ReferenceRuns:
    """Finds the newest suitable darks and flats: of this session, then of a catalog.

    Subscribe `on_document` to the RunEngine, so that a run finds the darks taken just before it,
    also while they are on their way to the catalog, or the catalog is down.

    Parameters
    ----------
    catalog
        Client of the container of runs, a callable that makes one, or None for this session only.
    max_age_s
        Runs that began longer ago do not count.
    n_runs
        At most so many runs of the catalog are looked at, the newest ones.
    """

    def __init__(
        self,
        catalog: Container | Callable[[], Container] | None = None,
        *,
        max_age_s: float = MAX_AGE_S,
        n_runs: int = 100,
    ) -> None:
        self._catalog = catalog
        self._max_age_s = max_age_s
        self._n_runs = n_runs
        self._lock = threading.Lock()
        self._began: dict[str, float] = {}
        self._seen: dict[tuple[str, FrameType], dict[tuple[Any, ...], Candidate]] = {}

    def on_document(self, name: str, document: Mapping[str, Any]) -> None:
        """Remember the darks and flats of a run, the newest of each shape and exposure."""
        if name == "start":
            self._began[document["uid"]] = document["time"]
        elif name == "stop":
            self._began.pop(document["run_start"], None)
        elif name == "descriptor":
            for (detector, frame_type), found in self._described(document):
                kinds = self._seen.setdefault((detector, frame_type), {})
                with self._lock:
                    kinds[found.shape, found.exposure_s] = found

    def _described(
        self, descriptor: Mapping[str, Any]
    ) -> Iterator[tuple[tuple[str, FrameType], Candidate]]:
        """Darks or flats that a descriptor announces; it is emitted once they are stored."""
        uid = descriptor["run_start"]
        for frame_type in REFERENCE_TYPES:
            if descriptor.get("name") != STREAM_OF_FRAME_TYPE[frame_type]:
                continue
            for key, described in descriptor["data_keys"].items():
                detector = key.removesuffix(image_key(""))
                if key == image_key(detector) and described.get("external"):
                    shape = tuple(described["shape"])
                    exposure_s = _exposure_s(descriptor, detector)
                    yield (
                        (detector, frame_type),
                        Candidate(uid, self._began.get(uid, time.time()), shape, exposure_s),
                    )

    def find(self, frame_type: FrameType, wanted: Wanted) -> Reference:
        """The newest run with such frames, or the reason why the nearest one does not fit.

        Whatever Tiled's client raises goes through.
        """
        with self._lock:
            seen = list(self._seen.get((wanted.detector, frame_type), {}).values())
        seen.sort(key=lambda candidate: candidate.began, reverse=True)
        plural = f"{frame_type.name.lower()}s of {wanted.detector}"
        here = newest_fitting(
            seen, wanted, self._max_age_s, f"this session has taken no {plural}, and has no catalog"
        )
        if here.uid or self._catalog is None:
            return here
        catalog = self._catalog() if callable(self._catalog) else self._catalog
        none = f"none of the last {self._n_runs} runs has {plural}"
        return newest_fitting(
            self._catalogued(catalog, frame_type, wanted.detector), wanted, self._max_age_s, none
        )

    def _catalogued(
        self, catalog: Container, frame_type: FrameType, detector: str
    ) -> Iterator[Candidate]:
        """Such frames in the newest runs of a catalog, the newest first."""
        runs: Any = catalog.search(SpecsQuery(include=["BlueskyRun"])).items()
        newest = list(runs[-1 : -(self._n_runs + 1) : -1])
        newest.sort(key=lambda item: item[1].metadata["start"]["time"], reverse=True)
        stream = STREAM_OF_FRAME_TYPE[frame_type]
        for uid, run in newest:
            if _may_hold(run.metadata, stream, detector) and stream in run:
                found = run[stream]
                if image_key(detector) in found:
                    images = found[image_key(detector)]
                    began = run.metadata["start"]["time"]
                    shape, exposure_s = (
                        tuple(images.shape[1:]),
                        _exposure_s(found.metadata, detector),
                    )
                    yield Candidate(uid, began, shape, exposure_s)


def _may_hold(metadata: Mapping[str, Any], stream: str, detector: str) -> bool:
    """What a run's documents say of a stream, so that most runs cost no request of their own."""
    stop = metadata.get("stop") or {}
    detectors = metadata["start"].get("detectors")
    told = detectors is None or detector in detectors
    return told and stop.get("num_events", {stream: 1}).get(stream, 0) > 0


def _exposure_s(descriptor: Mapping[str, Any], detector: str) -> float | None:
    for configuration in descriptor.get("configuration", {}).values():
        value = configuration.get("data", {}).get(f"{detector}_cam_acquire_time")
        if value is not None:
            return float(value)
    return None
