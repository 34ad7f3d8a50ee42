"""Devices, plans and the document writer: from a Bluesky plan to documents that a file backs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from framepath.acquire.devices.creators import area_detector
from framepath.acquire.devices.set_up_routing import configure_routing
from framepath.acquire.plans.preprocessors import with_ledger
from framepath.acquire.plans.progress import keep_progress
from framepath.acquire.plans.series import frame_series
from framepath.acquire.plans.stubs import record_ledger, set_frame_type, take
from framepath.acquire.plans.tomography import Hooks, references, tomo_scan, with_darks_flats
from framepath.acquire.readiness.preflight import preflight
from framepath.acquire.stock.checks import with_stock_checks
from framepath.config.paths import PathMap
from framepath.spec.frame_type import FrameType

if TYPE_CHECKING:
    from framepath.acquire.documents.document_writer import DocumentWriter
    from framepath.acquire.documents.provenance import keep_references, with_references
    from framepath.acquire.documents.reference_runs import Reference, ReferenceRuns

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
    "Reference",
    "ReferenceRuns",
    "area_detector",
    "configure_routing",
    "frame_series",
    "keep_progress",
    "keep_references",
    "preflight",
    "record_ledger",
    "references",
    "set_frame_type",
    "take",
    "tomo_scan",
    "with_darks_flats",
    "with_ledger",
    "with_references",
    "with_stock_checks",
]


_LATE = {
    "DocumentWriter": "framepath.acquire.documents.document_writer",
    "Reference": "framepath.acquire.documents.reference_runs",
    "ReferenceRuns": "framepath.acquire.documents.reference_runs",
    "keep_references": "framepath.acquire.documents.provenance",
    "with_references": "framepath.acquire.documents.provenance",
}


def __getattr__(name: str) -> Any:
    """Import what brings Tiled's client along when it is asked for."""
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(name)
