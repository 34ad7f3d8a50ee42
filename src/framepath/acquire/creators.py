"""Detectors from one line, or from one entry of a devices file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ophyd import Component

from framepath.acquire.detector import FrameDetector, OnLoss
from framepath.acquire.eiger import EigerFiles, EigerTrigger
from framepath.acquire.exposures import AcquireTrigger, TriggerLogic
from framepath.acquire.file_plugin import FileLogic, PluginFile
from framepath.acquire.folders import FileFolder, Files
from framepath.acquire.parts import (
    EIGER_CAMERA,
    HDF5_PLUGIN,
    IMAGE_PLUGIN,
    MORE_PLUGINS,
    SIM_CAMERA,
    PartTable,
)
from framepath.errors import SettingsError

Logic = Callable[[FrameDetector], tuple[TriggerLogic, FileLogic]]


@dataclass(frozen=True)
class Kind:
    """A kind of detector as a table.

    Attributes
    ----------
    parts
        Part tables by attribute name.
    logic
        Makes the trigger and the file logic of a detector of this kind.
    needed
        Signals without which staging makes no sense, dotted from the detector.
    """

    parts: Mapping[str, PartTable]
    logic: Logic
    needed: tuple[str, ...]


def _plugin_logic(detector: FrameDetector) -> tuple[TriggerLogic, FileLogic]:
    cam, hdf1 = detector.cam, detector.hdf1  # type: ignore[attr-defined]
    return AcquireTrigger(cam), PluginFile(detector.name, cam, hdf1, detector.folder)


_PLUGIN_NEEDED = (
    "cam.acquire",
    "cam.acquire_time",
    "cam.acquire_period",
    "cam.array_callbacks",
    "cam.array_counter",
    "cam.frame_type",
    "cam.frame_type_state_0",
    "cam.frame_type_rbv_state_0",
    "cam.image_mode",
    "cam.nd_attributes_file",
    "cam.nd_attributes_status",
    "cam.num_images",
    "hdf1.capture",
    "hdf1.create_directory",
    "hdf1.dropped_arrays",
    "hdf1.enable",
    "hdf1.file_name",
    "hdf1.file_path",
    "hdf1.file_path_exists",
    "hdf1.file_template",
    "hdf1.file_write_mode",
    "hdf1.full_file_name",
    "hdf1.lazy_open",
    "hdf1.num_capture",
    "hdf1.num_captured",
    "hdf1.write_message",
    "hdf1.write_status",
    "hdf1.xml_error_msg",
    "hdf1.xml_file_name",
    "hdf1.xml_valid",
)


def _eiger_logic(detector: FrameDetector) -> tuple[TriggerLogic, FileLogic]:
    cam = detector.cam  # type: ignore[attr-defined]
    return EigerTrigger(cam), EigerFiles(detector.name, cam, detector.folder)


_EIGER_NEEDED = (
    "cam.acquire",
    "cam.acquire_time",
    "cam.armed",
    "cam.bit_depth_image",
    "cam.file_path",
    "cam.file_path_exists",
    "cam.frame_type",
    "cam.fw_enable",
    "cam.fw_name_pattern",
    "cam.manual_trigger",
    "cam.num_captured",
    "cam.num_images",
    "cam.num_images_counter",
    "cam.num_triggers",
    "cam.save_files",
    "cam.sequence_id",
    "cam.special_trigger_button",
    "cam.trigger_mode",
    "cam.write_status",
)

_PLUGIN_PARTS = {"cam": SIM_CAMERA, "hdf1": HDF5_PLUGIN, "image": IMAGE_PLUGIN}

T = TypeVar("T")


def _one_of(table: Mapping[str, T], name: str, what: str) -> T:
    if name not in table:
        raise SettingsError(f"unknown {what}", found=repr(name), expected=", ".join(sorted(table)))
    return table[name]


KINDS: dict[str, Kind] = {
    "sim": Kind(_PLUGIN_PARTS, _plugin_logic, _PLUGIN_NEEDED),
    "generic": Kind(_PLUGIN_PARTS, _plugin_logic, _PLUGIN_NEEDED),
    "eiger": Kind({"cam": EIGER_CAMERA, "image": IMAGE_PLUGIN}, _eiger_logic, _EIGER_NEEDED),
}
"""Kinds of detectors that `area_detector` makes."""


def area_detector(
    prefix: str,
    *,
    name: str,
    kind: str = "sim",
    files: Files,
    plugins: Iterable[str] = (),
    on_loss: OnLoss = "fail",
    without: Mapping[str, Iterable[str]] | None = None,
    labels: Iterable[str] = (),
) -> FrameDetector:
    """Make a detector; nothing connects yet.

    Parameters
    ----------
    prefix
        PV prefix with its colon, e.g. ``13SIM1:``.
    name
        Name in documents: frames have the key ``<name>_image``.
    kind
        One of `KINDS`: ``sim``, ``eiger``, or ``generic`` for any areaDetector camera with HDF1.
    files
        Folder of image files: one absolute path that the IOC, this machine and the catalog server
        share, or each one's name for it; see `FileFolder.of`.
    plugins
        Names of `MORE_PLUGINS` that the detector has besides those of its kind.
    on_loss
        ``fail`` a plan, or ``warn``, when triggered, received and stored frames disagree.
    without
        Components that this IOC does not have, by part, e.g. ``{"cam": ["temperature"]}``.
    labels
        For the device registry of the session.

    It also serves as a creator in a devices file, under its import path
    ``framepath.acquire.area_detector``.

    Raises
    ------
    SettingsError
        The kind is unknown, the folder relative, or a component named in ``without`` unknown.
    """
    chosen = _one_of(KINDS, kind, "kind of detector")
    parts = {**chosen.parts, **{name: _one_of(MORE_PLUGINS, name, "plugin") for name in plugins}}
    left_out = without or {}
    for part in left_out:
        _one_of(parts, part, "part of this detector")
    members: dict[str, object] = {
        part: Component(
            table.device_class(part, left_out.get(part, ())), table.suffix, kind="config"
        )
        for part, table in parts.items()
    }
    members["needed"] = chosen.needed
    members["_make_logic"] = chosen.logic
    members["__doc__"] = FrameDetector.__doc__
    made = type(f"{kind.capitalize()}FrameDetector", (FrameDetector,), members)
    folder = FileFolder.of(files)
    return made(prefix, name=name, folder=folder, on_loss=on_loss, labels=set(labels))
