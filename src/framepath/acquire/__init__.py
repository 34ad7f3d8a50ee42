"""Devices, plans and the document writer: from a Bluesky plan to documents that a file backs."""

from typing import TYPE_CHECKING, Any

from framepath.acquire.creators import area_detector
from framepath.acquire.plans import frame_series, record_ledger, set_frame_type, take
from framepath.acquire.preprocessors import with_ledger
from framepath.acquire.set_up_routing import configure_routing
from framepath.acquire.tomography import Hooks, references, tomo_scan, with_darks_flats
from framepath.config.paths import PathMap
from framepath.spec.frame_type import FrameType

if TYPE_CHECKING:
    from framepath.acquire.document_writer import DocumentWriter

IMAGE = FrameType.IMAGE
DARK = FrameType.DARK
FLAT = FrameType.FLAT

__all__ = [
    "DARK",
    "FLAT",
    "IMAGE",
    "DocumentWriter",
    "Hooks",
    "PathMap",
    "area_detector",
    "configure_routing",
    "frame_series",
    "record_ledger",
    "references",
    "set_frame_type",
    "take",
    "tomo_scan",
    "with_darks_flats",
    "with_ledger",
]


def __getattr__(name: str) -> Any:
    """Import the document writer when it is asked for: it brings Tiled's client along."""
    if name == "DocumentWriter":
        from framepath.acquire.document_writer import DocumentWriter

        return DocumentWriter
    raise AttributeError(name)
