"""Names that the documents of a run carry, agreed between acquire, catalog and the readers."""

from __future__ import annotations

from framepath.spec.frame_type import FrameType

STREAM_OF_FRAME_TYPE = {
    FrameType.IMAGE: "primary",
    FrameType.DARK: "dark",
    FrameType.FLAT: "flat",
}
"""Event stream of each frame type: a RunEngine refuses external keys of unequal length in one."""

LEDGER_STREAM = "ledger"
"""One event a frame type: frames triggered, received, stored (a stop document takes only text)."""

REFERENCE_TYPES = (FrameType.DARK, FrameType.FLAT)
"""Frame types that images are corrected with."""

FRAME_TYPES_KEY = "frame_types"
"""Metadata of a run whose plan says which types it takes, by name: ``["dark", "image"]``."""

REFERENCES_KEY = "references"
"""Metadata of a run: by detector, ``dark`` and ``flat``, each ``uid`` of a run and ``reason``."""

OWN_REFERENCE = "own: this run takes them"
"""Reason of a reference without uid; the run's own streams hold the frames."""

FILE_ON_IOC_KEY = "file_on_ioc"
"""Column of the ledger: the image file as the IOC spells it."""

HDF5_MIMETYPE = "application/x-hdf5"
"""StreamResource mimetype of everything we store; stock TiledWriter knows it."""

FRAME_STACK_SPEC = "FrameStack"
"""Tiled spec of an array that is frames of a detector; the catalog adds it, clients look for it."""

FILES_KEY = "files"
"""Container of the catalog that holds files which no run documents."""


def image_key(detector_name: str) -> str:
    """Data key of a detector's frames in every stream, e.g. ``eiger2_image``."""
    return f"{detector_name}_image"
