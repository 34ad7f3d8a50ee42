"""The devices of a session, from devices files, whether their IOCs are up or not."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guarneri import Instrument

from framepath.acquire.devices.detector import FrameDetector
from framepath.acquire.pvs.silence import why_silent
from framepath.acquire.pvs.staged_settings import signal_of
from framepath.config.paths import PathMap, names_of
from framepath.errors import IocUnreachable, SettingsError


@dataclass
class Devices:
    """What devices files gave.

    Attributes
    ----------
    made
        Devices by name, those that do not answer yet among them.
    silent
        Names of those, with the first PV that did not connect.
    absent
        Names of devices that their creators did not make without an IOC, with what they said.
    """

    made: dict[str, Any] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


CREATOR = "framepath.acquire.area_detector"


def load_devices(
    paths: Iterable[Path], connect_s: float, path_maps: Iterable[PathMap] = ()
) -> Devices:
    """Make the devices of these files; those that do not answer are told apart, not refused.

    Parameters
    ----------
    paths
        Files as guarneri reads them; those that do not exist are left out.
    connect_s
        Seconds that all PVs together get to connect.
    path_maps
        Give ``files`` of an `area_detector` that is one path its names on the other hosts.

    Raises
    ------
    SettingsError
        Files cannot be read, or creators refuse entries: all faults of all files at once.
    """
    instrument = Instrument({})
    found = Devices()
    faults: list[str] = []
    for path in paths:
        if path.exists():
            faults += _load(instrument, path, found, tuple(path_maps))
    if faults:
        raise SettingsError(
            f"{len(faults)} entr{'y' if len(faults) == 1 else 'ies'} of the devices files cannot "
            "be used",
            found="".join(f"\n  {fault}" for fault in faults) + "\n ",
            expected="creator: [{name: ..., prefix: ...}, ...]",
            next_step="correct them; docs/reference/devices.md shows entries",
        )
    found.made = {device.name: device for device in instrument.unconnected_devices}
    until = time.monotonic() + connect_s
    ours = [device for device in found.made.values() if isinstance(device, FrameDetector)]
    for detector in ours:  # so that all PVs are searched for at the same time
        for dotted in detector.needed:
            signal_of(detector, dotted)
    silent = _in_a_thread(instrument.connect(timeout=connect_s, return_exceptions=True))[1]
    found.silent = {
        name: why_silent(found.made[name]) or _first_line(error) for name, error in silent.items()
    }
    found.silent |= _silent(ours, until)
    return found


def _silent(detectors: Iterable[FrameDetector], until: float) -> dict[str, str]:
    """Detectors of framepath that do not answer: their PVs connect when they are asked for."""
    found = {}
    for detector in detectors:
        try:
            detector.wait_for_connection(timeout=max(until - time.monotonic(), 0.1))
        except IocUnreachable as error:
            found[detector.name] = why_silent(detector) or error.summary
    return found


def _load(
    instrument: Instrument, path: Path, found: Devices, path_maps: tuple[PathMap, ...]
) -> list[str]:
    """Make the devices of one file, entry by entry; return what is wrong with it."""
    try:
        with instrument.open_config_file(path, None) as (file, file_format):
            entries = instrument.parse_config(file, config_format=file_format)
    # guarneri passes on whatever its parsers raise at a file of another form.
    except Exception as error:  # noqa: BLE001
        return [f"{path}: {type(error).__name__}: {error}"]
    faults = []
    for entry in entries:
        fault = _make(instrument, _with_names(entry, path_maps), found)
        if fault:
            faults.append(f"{path}, {entry['device_class']}, {_name(entry)}: {fault}")
    return faults


def _with_names(entry: Mapping[str, Any], path_maps: tuple[PathMap, ...]) -> Mapping[str, Any]:
    fields = entry["kwargs"]
    if entry["device_class"] != CREATOR or not isinstance(fields, Mapping):
        return entry
    files = fields.get("files")
    names = names_of(files, path_maps) if isinstance(files, str) else None
    return entry if names is None else {**entry, "kwargs": {**fields, "files": names}}


def _make(instrument: Instrument, entry: Mapping[str, Any], found: Devices) -> str:
    """Make one entry; "" when it went well or its IOC is only not there yet."""
    try:
        with warnings.catch_warnings():
            # guarneri only warns of a creator it does not find, and makes no device.
            warnings.filterwarnings("error", message="Unknown device class")
            devices = instrument.make_devices([entry], fake=False)
            for device in devices:
                instrument.devices.register(device)
    except TimeoutError as error:
        found.absent[_name(entry)] = _first_line(error)
        return ""
    except UserWarning:
        return "there is no such creator; it is the import path of a class or function"
    # A creator is anybody's code: whatever it raises is a fault of its entry.
    except Exception as error:  # noqa: BLE001
        return (
            str(error) if isinstance(error, SettingsError) else f"{type(error).__name__}: {error}"
        )
    instrument.unconnected_devices.extend(devices)
    return ""


def _name(entry: Mapping[str, Any]) -> str:
    fields = entry.get("kwargs")
    return str(fields.get("name", fields)) if isinstance(fields, Mapping) else repr(fields)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _in_a_thread(work: Any) -> Any:
    """Run a coroutine where no event loop runs: notebooks have one in the main thread."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(asyncio.run(work)))
    thread.start()
    thread.join()
    return result[0]
