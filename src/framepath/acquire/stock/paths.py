"""Detectors of ophyd's and apstools' classes: the folders that their path templates name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ophyd import Device
from ophyd.areadetector.cam import CamBase
from ophyd.areadetector.filestore_mixins import FileStorePluginBase

from framepath.acquire.devices.folder_check import check_folder
from framepath.acquire.devices.folders import FileFolder
from framepath.acquire.pvs.connection import put_confirmed, same_value, value_of
from framepath.errors import StagingError


@dataclass(frozen=True, slots=True)
class StockParts:
    """What of a stock detector matters here.

    Attributes
    ----------
    detector
        The device that plans stage and trigger.
    cam
        Its camera.
    files
        Its file plugins that have path templates.
    """

    detector: Device
    cam: CamBase
    files: tuple[Any, ...]


def stock_parts(device: object) -> StockParts | None:
    """The parts of a detector built on ophyd's area-detector classes; None for anything else."""
    if not isinstance(device, Device):
        return None
    members = [getattr(device, name) for name in device.component_names]
    cam = next((m for m in members if isinstance(m, CamBase)), None)
    files = tuple(m for m in members if isinstance(m, FileStorePluginBase))
    return StockParts(device, cam, files) if cam is not None and files else None


def folder_of(plugin: Any) -> FileFolder:
    """The folder that the templates of a file plugin name.

    Raises
    ------
    SettingsError
        A template is relative, or they differ in their strftime directives.
    """
    return FileFolder.of(
        {
            "write_path_template": plugin.write_path_template,
            "read_path_template": plugin.read_path_template,
        }
    )


def check_paths(plugin: Any) -> None:
    """Check that the folder that staging will name exists for the IOC and for this machine.

    ophyd puts FilePath and Capture in one go, and waits for ever when the IOC cannot open a file.

    Raises
    ------
    SettingsError
        The templates name no folder.
    StagingError
        Names the folder as both hosts spell it, and the one that lacks it. FilePath is put back.
    """
    _, read_path, write_path = plugin.make_filename()
    here = _here(plugin, folder_of(plugin), write_path, read_path)
    before = value_of(plugin.file_path)
    if not same_value(before, write_path):
        put_confirmed(plugin.file_path, write_path)
    try:
        check_folder(plugin, here, "write_path_template and read_path_template")
    except StagingError:
        put_confirmed(plugin.file_path, before)
        raise


def _here(plugin: Any, folder: FileFolder, write_path: str, read_path: str) -> Path:
    """Where this machine finds what the IOC is about to write, if documents say the same."""
    here = folder.map.translate(write_path, "here")
    if here is not None and same_value(read_path, here):
        return Path(here)
    # AD_EpicsFileNameHDF5Plugin writes where FilePath says, and documents the read template.
    raise StagingError(
        "documents would name another folder than the one the IOC writes to",
        found=f"{write_path!r} on the IOC's host" + (f", which is {here!r} here" if here else ""),
        expected=f"{folder.map.ioc!r}, which is {read_path!r} here",
        where=plugin.file_path.setpoint_pvname,
        next_step="put FilePath to the folder that write_path_template names",
    )
