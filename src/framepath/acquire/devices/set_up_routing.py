"""One call that makes an IOC tell images, darks and flats apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from framepath.acquire.devices.default_xml import AttributeRow
from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.devices.routing import (
    XML_FOLDER,
    RoutingFiles,
    apply_routing,
    attributes_for,
    write_xml,
)
from framepath.spec.addresses import ENTRY_DESTINATIONS
from framepath.spec.frame_type import FrameType


def configure_routing(
    det: FrameDetector,
    destinations: Mapping[FrameType, str] = ENTRY_DESTINATIONS,
    *,
    folder: str | Path | None = None,
    attributes: Iterable[AttributeRow] | None = None,
    more_attributes: Iterable[AttributeRow] = (),
) -> RoutingFiles:
    """Write layout and attributes XML, load them into the IOC, name the destinations.

    Parameters
    ----------
    det
        From `area_detector`; must not be staged.
    destinations
        HDF5 address of each frame type, at most 25 characters each: they become the state strings
        of FrameType and FrameType_RBV, and travel with every frame as NDAttribute ``SaveDest``.
    folder
        Where to write the XML, as this machine spells it; by default ``framepath-xml`` in the
        detector's folder, where the IOC sees it.
    attributes
        NDAttributes of every frame; by default what the IOC can fill.
    more_attributes
        Added to those, e.g. `framepath.acquire.devices.default_xml.THETA`.

    Raises
    ------
    IocUnreachable, WriteFailed
        No IOC, or no place for the XML.
    RoutingError, StagingError
        A destination is too long, or the IOC does not accept a file; names both spellings.
    """
    det.wait_for_connection()
    rows = attributes_for(det.hdf1) if attributes is None else tuple(attributes)  # type: ignore[attr-defined]
    place = Path(folder) if folder is not None else Path(det.folder.map.here) / XML_FOLDER
    files = write_xml(det.prefix, place, destinations, (*rows, *more_attributes))
    apply_routing(det.cam, det.hdf1, files, det.folder, destinations)  # type: ignore[attr-defined]
    return files
