"""The layout and attributes XML that framepath gives a detector which has none of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from framepath.spec.frame_type import FrameType
from framepath.spec.ndattribute import FRAME_CHECKSUM

DESTINATION_ATTRIBUTE = "SaveDest"
"""NDAttribute that carries each frame's destination."""

_NX_CLASSES = {
    "entry": "NXentry",
    "data": "NXdata",
    "instrument": "NXinstrument",
    "detector": "NXdetector",
    "NDAttributes": "NXcollection",
    "performance": "NXcollection",
}

_DESCRIPTIONS = {
    FrameType.IMAGE: "frames of the sample",
    FrameType.DARK: "frames without beam",
    FrameType.FLAT: "frames of the beam without sample",
    FrameType.DOUBLE_CORRELATION: "frames for double correlation",
}


@dataclass(frozen=True, slots=True)
class AttributeRow:
    """One ``<Attribute>`` of an NDAttributes file.

    ``kind`` is EPICS_PV, PARAM or CONST; ``source`` a PV (``{prefix}`` stands for the detector's),
    a parameter name or a value; ``type`` the dbrtype of a PV or the datatype of a parameter.
    """

    name: str
    kind: str
    source: str
    type: str = ""
    description: str = ""


FRAME_ATTRIBUTES = (
    AttributeRow(
        DESTINATION_ATTRIBUTE,
        "EPICS_PV",
        "{prefix}cam1:FrameType",
        "DBR_STRING",
        "address of the dataset this frame belongs to",
    ),
    AttributeRow("AcquireTime", "PARAM", "ACQ_TIME", "DOUBLE", "exposure, s"),
    AttributeRow("AcquirePeriod", "PARAM", "ACQ_PERIOD", "DOUBLE", "time between exposures, s"),
    AttributeRow("ArrayCounter", "PARAM", "ARRAY_COUNTER", "INT", "frames since the IOC started"),
    AttributeRow("CameraModel", "PARAM", "MODEL", "STRING", "detector model"),
    AttributeRow("CameraManufacturer", "PARAM", "MANUFACTURER", "STRING", "detector manufacturer"),
)
"""What every areaDetector can say about a frame."""

FRAMEPATH_ATTRIBUTES = (
    AttributeRow(
        FRAME_CHECKSUM, "PARAM", "FRAME_CHECKSUM", "INT64", "CRC-32 of the pixels in the driver"
    ),
)
"""What only framepath's own IOC knows."""

THETA = AttributeRow("Theta", "PARAM", "THETA", "DOUBLE", "rotation of the sample, degree")
"""Rotation angle of a frame, from drivers that know it (replay of a recorded scan)."""


def attributes_xml(prefix: str, rows: Iterable[AttributeRow]) -> str:
    """NDAttributes XML of these rows for the detector with this PV prefix."""
    root = ElementTree.Element("Attributes")
    for row in rows:
        type_name = {"EPICS_PV": "dbrtype", "PARAM": "datatype"}.get(row.kind)
        ElementTree.SubElement(
            root,
            "Attribute",
            {
                "name": row.name,
                "type": row.kind,
                "source": row.source.replace("{prefix}", prefix),
                **({type_name: row.type} if type_name else {}),
                "description": row.description,
            },
        )
    return _text(root)


def layout_xml(destinations: Mapping[FrameType, str]) -> str:
    """Layout XML with a detector dataset for each destination, NeXus groups around them.

    Parameters
    ----------
    destinations
        HDF5 address of each frame type; that of images is the default dataset.

    NDAttributes go to /entry/instrument/detector/NDAttributes, beside hard links to the frames.
    """
    root = ElementTree.Element("hdf5_layout")
    ElementTree.SubElement(
        root,
        "global",
        {"name": "detector_data_destination", "ndattribute": DESTINATION_ATTRIBUTE},
    )
    groups: dict[str, ElementTree.Element] = {"": root}
    for frame_type, address in destinations.items():
        _detector_dataset(_group(groups, _parent(address)), frame_type, address)
    _signal(groups, destinations.get(FrameType.IMAGE, next(iter(destinations.values()))))
    detector = _group(groups, "/entry/instrument/detector")
    for address in destinations.values():
        name = address.rpartition("/")[2]
        ElementTree.SubElement(detector, "hardlink", {"name": name, "target": address})
    # An attribute named here is stored nowhere else: only those that a file has one value of.
    for name, attribute in (("model", "CameraModel"), ("vendor", "CameraManufacturer")):
        ElementTree.SubElement(
            detector,
            "dataset",
            {"name": name, "source": "ndattribute", "ndattribute": attribute, "when": "OnFileOpen"},
        )
    _group(groups, "/entry/instrument/detector/NDAttributes").set("ndattr_default", "true")
    performance = _group(groups, "/entry/instrument/performance")
    ElementTree.SubElement(performance, "dataset", {"name": "timestamp"})
    return _text(root)


def _detector_dataset(
    group: ElementTree.Element, frame_type: FrameType, address: str
) -> ElementTree.Element:
    is_image = frame_type is FrameType.IMAGE
    dataset = ElementTree.SubElement(
        group,
        "dataset",
        {
            "name": address.rpartition("/")[2],
            "source": "detector",
            **({"det_default": "true"} if is_image else {}),
        },
    )
    _constant(dataset, "units", "counts")
    _constant(dataset, "description", _DESCRIPTIONS[frame_type])
    _constant(dataset, "signal", "1" if is_image else "0", "int")
    return dataset


def _signal(groups: dict[str, ElementTree.Element], address: str) -> None:
    """NeXus's way to the picture to show first: default of the entry, signal of the data."""
    parent = _parent(address)
    _constant(groups[parent], "signal", address.rpartition("/")[2])
    if _parent(parent):
        _constant(groups[_parent(parent)], "default", parent.rpartition("/")[2])


def _group(groups: dict[str, ElementTree.Element], address: str) -> ElementTree.Element:
    if address not in groups:
        name = address.rpartition("/")[2]
        made = ElementTree.SubElement(_group(groups, _parent(address)), "group", {"name": name})
        if name in _NX_CLASSES:
            _constant(made, "NX_class", _NX_CLASSES[name])
        groups[address] = made
    return groups[address]


def _parent(address: str) -> str:
    return address.rpartition("/")[0]


def _constant(parent: ElementTree.Element, name: str, value: str, kind: str = "string") -> None:
    ElementTree.SubElement(
        parent, "attribute", {"name": name, "source": "constant", "value": value, "type": kind}
    )


def _text(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    # ADCore takes a setting for XML text only when it contains "<?xml".
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'
