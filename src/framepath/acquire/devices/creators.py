"""Detectors from one line, or from one entry of a devices file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ophyd import Component, Device

from framepath.acquire.devices.detector import FrameDetector, OnLoss
from framepath.acquire.devices.eiger import EigerFiles, EigerTrigger
from framepath.acquire.devices.exposures import AcquireTrigger, TriggerLogic
from framepath.acquire.devices.file_plugin import FileLogic, PluginFile
from framepath.acquire.devices.folders import FileFolder, Files
from framepath.acquire.devices.parts import (
    EIGER_CAMERA,
    HDF5_PLUGIN,
    IMAGE_PLUGIN,
    SIM_CAMERA,
    PartTable,
)
from framepath.acquire.devices.plugin_entries import PluginEntry, Without, left_out, listed_parts
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
    files: Files | None = None,
    plugins: Iterable[PluginEntry] = (),
    on_loss: OnLoss = "fail",
    without: Without = (),
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
        share, or each one's name for it; see `FileFolder.of`. Not needed where ``plugins`` has the
        path templates of ``hdf1``.
    plugins
        Parts that the detector has besides those of its kind, by name (`MORE_PLUGINS`), or entries
        as apstools' ``ad_creator`` takes them: ``{"cam": {"class": ...}}`` takes the PVs of that
        class, ``{"hdf1": {"write_path_template": ..., "read_path_template": ...}}`` names
        ``files``.
    on_loss
        ``fail`` a plan, or ``warn``, when triggered, received and stored frames disagree.
    without
        Components that this IOC does not have: ``["cam.temperature"]`` (those of ``cam`` also
        without their part), or by part ``{"cam": ["temperature"]}``.
    labels
        For the device registry of the session.

    It also serves as a creator in a devices file, under its import path
    ``framepath.acquire.area_detector``.

    Raises
    ------
    SettingsError
        The kind, a plugin or a component named in ``without`` is unknown; a component that staging
        needs is missing; the folder is not given, given twice, or relative.
    """
    if kind not in KINDS:
        raise SettingsError(
            "unknown kind of detector", found=repr(kind), expected=", ".join(sorted(KINDS))
        )
    chosen = KINDS[kind]
    parts, templates = listed_parts(chosen.parts, plugins)
    absent = left_out(parts, without)
    classes = {
        part: table.device_class(part, absent.get(part, ())) for part, table in parts.items()
    }
    _check_needed(name, chosen, classes)
    folder = _folder(kind, files, templates)
    members: dict[str, object] = {
        part: Component(classes[part], table.suffix, kind="config") for part, table in parts.items()
    }
    members["needed"] = chosen.needed
    members["_make_logic"] = chosen.logic
    members["__doc__"] = FrameDetector.__doc__
    made = type(f"{kind.capitalize()}FrameDetector", (FrameDetector,), members)
    return made(prefix, name=name, folder=folder, on_loss=on_loss, labels=set(labels))


def _check_needed(name: str, kind: Kind, classes: Mapping[str, type[Device]]) -> None:
    missing = []
    for dotted in kind.needed:
        part, _, component = dotted.partition(".")
        if component not in classes[part].component_names:
            missing.append(dotted)
    if missing:
        raise SettingsError(
            "staging needs components that this detector was made without",
            found=", ".join(missing),
            where=name,
            next_step="leave them in; an IOC that lacks their PVs cannot be staged as this kind",
        )


def _folder(kind: str, files: Files | None, templates: Mapping[str, str]) -> FileFolder:
    if files is None and not templates:
        raise SettingsError(
            "the folder for image files is not given",
            expected="files: /data/folder, or each host's name for it",
            next_step="docs/reference/devices.md shows the ways to write it",
        )
    if templates and (files is not None or "hdf1" not in KINDS[kind].parts):
        raise SettingsError(
            "the path templates of hdf1 do not say where this detector's files go",
            found=", ".join(f"{field}: {text}" for field, text in templates.items()),
            expected=f"files only, for kind {kind}"
            if "hdf1" not in KINDS[kind].parts
            else "either files or the templates",
            next_step="an Eiger that stores through HDF1 is of kind generic",
        )
    return FileFolder.of(templates if files is None else files)
