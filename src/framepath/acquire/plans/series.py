"""Plans for series of images, darks and flats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.utils import MsgGenerator, plan

from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.plans.preprocessors import with_ledger
from framepath.acquire.plans.stubs import (
    Step,
    check_destinations,
    checked_steps,
    ending_with_the_cause,
    take,
)
from framepath.errors import SettingsError
from framepath.spec.documents import FRAME_TYPES_KEY
from framepath.spec.frame_type import FrameType


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
        "num_frames": sum(n for _, n in steps),
        "frame_sequence": [[frame_type.name.lower(), n] for frame_type, n in steps],
        FRAME_TYPES_KEY: sorted({frame_type.name.lower() for frame_type, _ in steps}),
        "hints": {},
        **(md or {}),
    }

    @bpp.stage_decorator([det])
    @bpp.run_decorator(md=metadata)
    def series() -> MsgGenerator[None]:
        yield from check_destinations(det, {frame_type for frame_type, _ in steps})
        yield from bps.checkpoint()
        for frame_type, n_frames in steps:
            yield from take(det, frame_type, n_frames)

    return (yield from with_ledger(series()))


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
