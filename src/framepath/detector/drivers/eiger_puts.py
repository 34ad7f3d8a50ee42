"""What puts to an Eiger's PVs do beyond being read back, and what the PVs start with."""

from __future__ import annotations

from pathlib import Path

from framepath.detector.drivers.base import Camera, ImageMode, PutHandler, Shown, Value
from framepath.detector.drivers.eiger_files import free_gigabytes, permissions
from framepath.detector.drivers.eiger_metadata import (
    PIXEL_M,
    READOUT_TIME_S,
    SENSOR_MATERIAL,
    SENSOR_THICKNESS_M,
)
from framepath.detector.drivers.eiger_readout import EigerModel, bit_depth, count_cutoff, data_type
from framepath.detector.plugins import file_names
from framepath.errors import SettingsError
from framepath.scenes import Diffraction
from framepath.scenes.powder import KEV_ANGSTROM

EV_ANGSTROM = 1000 * KEV_ANGSTROM
DESCRIPTION = "Dectris {name} (simulated)"

_DEPTH_PVS = ("AcquireTime", "AcquirePeriod", "AutoSummation", "CountrateCorrApplied")


def initial_values(model: EigerModel) -> dict[str, Value]:
    """PVs that do not start as the common tables say, by suffix."""
    placed = Diffraction(shape_yx=model.size_yx).placed
    energy_ev = EV_ANGSTROM / placed.wavelength_angstrom
    values: dict[str, Value] = {
        "Description": DESCRIPTION.format(name=model.name),
        "SerialNumber": "E-00-0000",
        "FirmwareVersion": "1.8.0",
        "SensorThickness": SENSOR_THICKNESS_M,
        "SensorMaterial": SENSOR_MATERIAL,
        "XPixelSize": PIXEL_M,
        "YPixelSize": PIXEL_M,
        "DeadTime": READOUT_TIME_S,
        "Temp0": 22.5,
        "Humid0": 12.0,
        "State": "idle",
        "FWState": "ready",
        "StreamState": "ready",
        "MonitorState": "normal",
        "AcquireTime": 1.0,
        "AcquirePeriod": 1.0,
        "BitDepthImage": bit_depth(1.0, 1.0, True),
        "CountCutoff": float(count_cutoff(32, 1.0, True)),
        "ImageMode": int(ImageMode.MULTIPLE),
        "NumImages": 1,
        "NumTriggers": 1,
        "DataSource": 1,
        "FWEnable": 1,
        "FWNamePattern": "series_$id",
        "FWNImagesPerFile": 1000,
        "FilePerms": 644.0,
        "CompressionAlgo": 1,  # BS LZ4, what DECTRIS detectors start with
        "PhotonEnergy": energy_ev,
        "ThresholdEnergy": energy_ev / 2,
        "Wavelength": placed.wavelength_angstrom,
        "DetDist": placed.distance_m,
        "BeamX": placed.centre_yx[1],
        "BeamY": placed.centre_yx[0],
        **dict.fromkeys(
            ("FlatfieldApplied", "CountrateCorrApplied", "PixelMaskApplied", "AutoSummation"), 1
        ),
    }
    if model.generation == 1:
        return {
            **values,
            **dict.fromkeys((f"Link{n}" for n in range(4)), 1),
            "DCUBufferFree": 100.0,
        }
    return {**values, "HVState": "READY", "Threshold1Enable": 1}


class EigerPuts:
    """Put handlers that only change readbacks, or the storage.

    Parameters
    ----------
    camera
        The camera port.
    spool
        The detector's own storage.
    """

    def __init__(self, camera: Camera, spool: Path) -> None:
        self._camera = camera
        self._spool = spool

    def register(self) -> None:
        """Register all of them."""
        handlers = {
            "FilePath": self._on_path,
            "FilePerms": self._on_permissions,
            "PhotonEnergy": self._on_energy,
            "Wavelength": self._on_wavelength,
            "Initialize": lambda value: self._on_initialize("Initialize", value),
            "Restart": lambda value: self._on_initialize("Restart", value),
            "FWClear": self._on_clear,
            **{name: self._depth_handler(name) for name in _DEPTH_PVS},
        }
        for name, handler in handlers.items():
            self._camera.on_put(name, handler)
        self._camera.publish("FWFree", free_gigabytes(self._spool))

    def _on_path(self, value: Value) -> Value:
        path = file_names.folder(str(value))
        file_names.create_folder(path, int(_number(self._camera["CreateDirectory"])))
        self._camera.publish("FilePathExists", int(file_names.folder_exists(path)))
        return path

    def _on_permissions(self, value: Value) -> None:
        permissions(_number(value))

    def _on_energy(self, value: Value) -> None:
        """Energy, wavelength and threshold belong together, as the detector keeps them."""
        energy_ev = _positive("PhotonEnergy", value)
        self._camera.publish("ThresholdEnergy", energy_ev / 2)
        self._camera.publish("Wavelength", EV_ANGSTROM / energy_ev)

    def _on_wavelength(self, value: Value) -> None:
        wavelength_angstrom = _positive("Wavelength", value)
        self._camera.publish("PhotonEnergy", EV_ANGSTROM / wavelength_angstrom)
        self._camera.publish("ThresholdEnergy", EV_ANGSTROM / wavelength_angstrom / 2)

    def _depth_handler(self, name: str) -> PutHandler:
        def on_put(value: Value) -> None:
            now = {pv: _number(self._camera[pv]) for pv in _DEPTH_PVS} | {name: _number(value)}
            bits = bit_depth(now["AcquireTime"], now["AcquirePeriod"], bool(now["AutoSummation"]))
            cutoff = count_cutoff(bits, now["AcquireTime"], bool(now["CountrateCorrApplied"]))
            self._camera.publish("BitDepthImage", bits)
            self._camera.publish("CountCutoff", float(cutoff))
            self._camera.publish("DataType", int(data_type(bits)))

        return on_put

    def _on_initialize(self, name: str, value: Value) -> Shown:
        """Nothing has to warm up here; an armed detector stays as it is."""
        if value:
            if not self._camera["Acquire"]:
                self._camera.publish("Error", "")
                self._camera.publish("State", "idle")
            self._camera.begin(name)
            self._camera.end(name)
        return Shown.UNCHANGED

    def _on_clear(self, value: Value) -> None:
        """Delete what lies in the detector's own storage."""
        for path in self._spool.glob("*.h5"):
            path.unlink(missing_ok=True)
        self._camera.publish("FWFree", free_gigabytes(self._spool))


def _positive(name: str, value: Value) -> float:
    """A number greater than 0; SettingsError refuses the put."""
    if _number(value) > 0:
        return _number(value)
    raise SettingsError(
        "there are no photons of this energy",
        found=value,
        expected="greater than 0",
        where=f"cam1:{name}",
    )


def _number(value: Value) -> float:
    return float(value)  # type: ignore[arg-type]
