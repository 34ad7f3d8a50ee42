"""Which darks and flats the images of a run should be corrected with."""

from __future__ import annotations

from typing import Any

from framepath.spec.documents import (
    OWN_REFERENCE,
    REFERENCE_TYPES,
    REFERENCES_KEY,
    STREAM_OF_FRAME_TYPE,
    image_key,
)

ENDING = image_key("")


def references_of(run: Any) -> dict[str, dict[str, dict[str, str]]]:
    """By detector, ``dark`` and ``flat``: the uid of the run that holds them, and the reason.

    Frames of the run's own streams come first; else what was found when the run began. Without
    either the uid is "", and the reason says why.
    """
    told = run.metadata["start"].get(REFERENCES_KEY, {})
    found = {detector: dict(by_type) for detector, by_type in told.items()}
    for frame_type in REFERENCE_TYPES:
        name, stream = frame_type.name.lower(), STREAM_OF_FRAME_TYPE[frame_type]
        keys = list(run[stream]) if stream in run else []
        for detector in {key.removesuffix(ENDING) for key in keys if key.endswith(ENDING)}:
            uid = run.metadata["start"]["uid"]
            found.setdefault(detector, {})[name] = {"uid": uid, "reason": OWN_REFERENCE}
        for by_type in found.values():
            reference = by_type.get(name, {})
            if reference.get("reason") == OWN_REFERENCE and not reference["uid"]:
                reason = f"this run was to take {name}s and holds none"
                by_type[name] = {"uid": "", "reason": reason}
    return found
