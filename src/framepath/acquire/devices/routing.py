"""Which dataset each frame type goes to: set on the IOC, and read back before frames flow."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ophyd import Device

from framepath.acquire.devices.default_xml import (
    FRAME_ATTRIBUTES,
    FRAMEPATH_ATTRIBUTES,
    AttributeRow,
    attributes_xml,
    layout_xml,
)
from framepath.acquire.devices.folders import FileFolder
from framepath.acquire.pvs.connection import connect, exists, put_confirmed, value_of
from framepath.errors import LayoutError, RoutingError, StagingError, WriteFailed
from framepath.layout.model import Layout
from framepath.layout.parse_layout import load_layout
from framepath.spec.addresses import ENTRY_DESTINATIONS, MBBO_STATE_CHARACTERS
from framepath.spec.frame_type import FrameType

DEFAULT_ADDRESS = "/entry/data/data"
"""Where frames are when the layout cannot be read from here (the plugin's own default layout)."""

XML_FOLDER = "framepath-xml"
"""Below the detector's folder of image files, so that the IOC sees it."""


@dataclass(frozen=True, slots=True)
class Routing:
    """Where frames go as the IOC is set up now.

    Attributes
    ----------
    states
        State string of each frame type, of the setpoint and of the readback.
    layout
        The layout in force; None when its file is not visible from here.
    """

    states: Mapping[FrameType, tuple[str, str]]
    layout: Layout | None

    @property
    def is_on(self) -> bool:
        """Whether frames are told apart at all."""
        return self.layout is None or bool(self.layout.destination_attribute)

    def address_of(self, frame_type: FrameType) -> str:
        """HDF5 address of the dataset that frames of this type go to.

        Raises
        ------
        StagingError
            They would end up in the default dataset, or setpoint and readback disagree.
        """
        setpoint, readback = self.states[frame_type]
        if self.layout is None:
            return setpoint if setpoint.startswith("/") else DEFAULT_ADDRESS
        datasets = self.layout.detector_datasets()
        default = self.layout.default_destination() or DEFAULT_ADDRESS
        if not self.layout.destination_attribute:
            if frame_type is FrameType.IMAGE:
                return default
            raise _misrouted(frame_type, "no detector_data_destination in the layout", datasets)
        if setpoint != readback:
            raise StagingError(
                f"FrameType and FrameType_RBV disagree about {frame_type.name}",
                found=f"{setpoint!r} and {readback!r}",
                expected="the same dataset address",
                next_step="run configure_routing(det), or put the same state string to both",
            )
        if setpoint not in datasets:
            raise _misrouted(frame_type, repr(setpoint), datasets)
        return setpoint


def _misrouted(frame_type: FrameType, found: str, datasets: Iterable[str]) -> StagingError:
    return StagingError(
        f"{frame_type.name} frames would go to the default dataset",
        found=found,
        expected=f"one of {', '.join(datasets)}",
        where=f"state {int(frame_type)} of FrameType",
        next_step="run configure_routing(det), or put a dataset address of the layout there",
    )


def read_routing(cam: Device, hdf1: Device, folder: FileFolder) -> Routing:
    """How the IOC routes frames now, from its state strings and its layout."""
    states = {
        frame_type: (value_of(setpoint), value_of(readback))
        for frame_type, (setpoint, readback) in _state_signals(cam).items()
    }
    return Routing(states, _layout_in_force(value_of(hdf1.xml_file_name), folder))


def _state_signals(cam: Device):  # type: ignore[no-untyped-def]
    return {
        frame_type: (
            getattr(cam, f"frame_type_state_{int(frame_type)}"),
            getattr(cam, f"frame_type_rbv_state_{int(frame_type)}"),
        )
        for frame_type in FrameType
    }


def _layout_in_force(setting: str, folder: FileFolder) -> Layout | None:
    """The layout that the IOC loaded, where this machine sees its file; None where it does not."""
    try:
        is_text = setting == "" or "<?xml" in setting
        return load_layout(setting if is_text else _visible_here(setting, folder))
    except LayoutError:
        # The IOC judges it by XMLValid_RBV, which staging checks.
        return None


def _visible_here(setting: str, folder: FileFolder) -> str:
    try:
        return str(folder.here(setting))
    except StagingError:
        return setting


@dataclass(frozen=True, slots=True)
class RoutingFiles:
    """XML files written for a detector, as this machine spells them."""

    layout: Path
    attributes: Path


def write_xml(
    prefix: str,
    folder: Path,
    destinations: Mapping[FrameType, str] = ENTRY_DESTINATIONS,
    attributes: Iterable[AttributeRow] = FRAME_ATTRIBUTES,
) -> RoutingFiles:
    """Write a layout and an attributes file; the name tells the content, so none goes stale.

    Raises
    ------
    WriteFailed
        The folder cannot be made or written.
    """
    return RoutingFiles(
        layout=_written(folder, "layout", layout_xml(destinations)),
        attributes=_written(folder, "attributes", attributes_xml(prefix, attributes)),
    )


def _written(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}-{zlib.crc32(text.encode()):08x}.xml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WriteFailed(
            f"cannot write the {name} XML",
            found=error.strerror,
            where=path,
            next_step="give configure_routing(folder=...) a folder that this account may write "
            "and the IOC can read",
        ) from error
    return path


def apply_routing(
    cam: Device,
    hdf1: Device,
    files: RoutingFiles,
    folder: FileFolder,
    destinations: Mapping[FrameType, str],
) -> None:
    """Load both XML files into the IOC and set the state strings of FrameType.

    Raises
    ------
    RoutingError
        A destination is longer than a state string can be.
    StagingError
        The IOC did not accept a file.
    """
    for frame_type, address in destinations.items():
        if len(address) > MBBO_STATE_CHARACTERS:
            raise RoutingError(
                f"the destination of {frame_type.name} frames does not fit a state string",
                found=f"{address!r} ({len(address)} characters)",
                expected=f"at most {MBBO_STATE_CHARACTERS} characters",
                next_step="choose a shorter address and add a hard link in the layout",
            )
    signals = _state_signals(cam)
    connect([cam.nd_attributes_file, hdf1.xml_file_name, *(s for p in signals.values() for s in p)])
    put_confirmed(hdf1.xml_file_name, folder.on_ioc_of(files.layout))
    put_confirmed(cam.nd_attributes_file, folder.on_ioc_of(files.attributes))
    check_xml(cam, hdf1)
    for frame_type, address in destinations.items():
        for signal in signals[frame_type]:
            put_confirmed(signal, address)


def check_xml(cam: Device, hdf1: Device) -> None:
    """Check that the IOC accepted its layout and its attributes file.

    Raises
    ------
    StagingError
        Holds the file and what the IOC says about it.
    """
    if not value_of(hdf1.xml_valid):
        raise StagingError(
            "the IOC does not accept the layout XML",
            found=value_of(hdf1.xml_error_msg) or "XMLValid_RBV No",
            where=f"{hdf1.xml_file_name.pvname}: {value_of(hdf1.xml_file_name)!r}",
            next_step="framepath lint FILE shows the line",
        )
    path = value_of(cam.nd_attributes_file)
    if path and value_of(cam.nd_attributes_status) != 0:
        raise StagingError(
            "the IOC does not accept the attributes XML",
            found=cam.nd_attributes_status.get(as_string=True),
            expected="Attributes file OK",
            where=f"{cam.nd_attributes_file.pvname}: {path!r}",
            next_step="framepath lint FILE shows the line",
        )


def attributes_for(hdf1: Device) -> tuple[AttributeRow, ...]:
    """Attributes that the IOC behind these PVs can fill."""
    return FRAME_ATTRIBUTES + (FRAMEPATH_ATTRIBUTES if exists(hdf1.framepath_mode) else ())
