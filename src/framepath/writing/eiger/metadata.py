"""What a detector says about a series, and where each value stands in a master file.

One field, one row: value, address in a v1 master, address in a v2 master, type and unit. Source:
the tables of docs/reference/eiger-files.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

_DETECTOR = "instrument/detector"
_SPECIFIC = f"{_DETECTOR}/detectorSpecific"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: addresses below ``/entry``, "" where a format does not have it."""

    v1: str
    v2: str
    dtype: str
    unit: str

    def address(self, format: str) -> str:
        """Address below ``/entry`` in a format, "v1" or "v2"."""
        return self.v1 if format == "v1" else self.v2


@dataclass(frozen=True, slots=True)
class Value:
    """One dataset of a master: address below ``/entry``, content and unit ("" for none)."""

    address: str
    content: Any
    unit: str = ""


@dataclass(frozen=True, slots=True)
class GoniometerAxis:
    """An axis of the sample's goniometer, or ``two_theta``: degrees, one step a frame."""

    start_deg: float = 0.0
    increment_deg: float = 0.0


def _detector(name: str, dtype: str, unit: str = "", v2: str = "") -> Any:
    place = Place(f"{_DETECTOR}/{name}", f"{_DETECTOR}/{v2}" if v2 else "", dtype, unit)
    return field(default=None, metadata={"place": place})


def _specific(name: str, dtype: str, unit: str = "", v2: str = "") -> Any:
    return _detector(f"detectorSpecific/{name}", dtype, unit, v2)


def _both(address: str, dtype: str, unit: str = "") -> Any:
    return field(default=None, metadata={"place": Place(address, address, dtype, unit)})


_TEXT, _FLOAT, _INT, _FLAG = "text", "f8", "i4", "u1"


@dataclass(frozen=True, kw_only=True)
class EigerMetadata:
    """Values of a series, named as the SIMPLON API names them; None is left out of the file.

    Units are those of the table: metres, seconds, electronvolts, pixels, degrees, angstrom.
    ``goniometer`` holds the axes chi, kappa, omega, phi and two_theta that exist.
    """

    beam_center_x: float | None = _detector("beam_center_x", _FLOAT, "pixel", "beam_center_x")
    beam_center_y: float | None = _detector("beam_center_y", _FLOAT, "pixel", "beam_center_y")
    bit_depth_readout: int | None = _detector("bit_depth_readout", _INT, "", "bit_depth_readout")
    count_time: float | None = _detector("count_time", _FLOAT, "s", "count_time")
    frame_time: float | None = _detector("frame_time", _FLOAT, "s", "frame_time")
    detector_readout_time: float | None = _detector("detector_readout_time", _FLOAT, "s")
    detector_distance: float | None = _detector("detector_distance", _FLOAT, "m", "distance")
    detector_number: str | None = _detector("detector_number", _TEXT, "", "serial_number")
    description: str | None = _detector("description", _TEXT, "", "description")
    sensor_material: str | None = _detector("sensor_material", _TEXT, "", "sensor_material")
    sensor_thickness: float | None = _detector("sensor_thickness", _FLOAT, "m", "sensor_thickness")
    threshold_energy: float | None = _detector(
        "threshold_energy", _FLOAT, "eV", "threshold_1_channel/threshold_energy"
    )
    x_pixel_size: float | None = _detector("x_pixel_size", _FLOAT, "m", "x_pixel_size")
    y_pixel_size: float | None = _detector("y_pixel_size", _FLOAT, "m", "y_pixel_size")
    countrate_correction_applied: bool | None = _detector(
        "countrate_correction_applied", _FLAG, "", "countrate_correction_applied"
    )
    flatfield_correction_applied: bool | None = _detector(
        "flatfield_correction_applied", _FLAG, "", "flatfield_applied"
    )
    pixel_mask_applied: bool | None = _detector(
        "pixel_mask_applied", _FLAG, "", "pixel_mask_applied"
    )
    virtual_pixel_correction_applied: bool | None = _detector(
        "virtual_pixel_correction_applied", _FLAG, "", "virtual_pixel_interpolation_applied"
    )
    efficiency_correction_applied: bool | None = _detector("efficiency_correction_applied", _FLAG)
    detector_orientation: tuple[float, ...] | None = _detector("geometry/orientation/value", _FLOAT)
    detector_translation: tuple[float, ...] | None = _detector(
        "geometry/translation/distances", _FLOAT, "m"
    )
    auto_summation: bool | None = _specific("auto_summation", _FLAG)
    calibration_type: str | None = _specific("calibration_type", _TEXT)
    countrate_correction_bunch_mode: str | None = _specific(
        "countrate_correction_bunch_mode", _TEXT
    )
    countrate_correction_count_cutoff: int | None = _specific(
        "countrate_correction_count_cutoff", "u4", "", "saturation_value"
    )
    countrate_correction_table: np.ndarray[Any, Any] | None = _specific(  # noqa: RUF009
        "countrate_correction_table", "f4"
    )
    data_collection_date: str | None = _specific("data_collection_date", _TEXT)
    detector_readout_period: float | None = _specific("detector_readout_period", _FLOAT, "s")
    eiger_fw_version: str | None = _specific("eiger_fw_version", _TEXT)
    element: str | None = _specific("element", _TEXT)
    flatfield: np.ndarray[Any, Any] | None = _specific(  # noqa: RUF009
        "flatfield", "f4", "", "threshold_1_channel/flatfield"
    )
    frame_count_time: float | None = _specific("frame_count_time", _FLOAT, "s")
    frame_period: float | None = _specific("frame_period", _FLOAT, "s")
    module_bandwidth: int | None = _specific("module_bandwidth", _INT)
    nframes_sum: int | None = _specific("nframes_sum", _INT)
    nimages: int | None = _specific("nimages", _INT)
    ntrigger: int | None = _specific("ntrigger", _INT, "", "number_of_cycles")
    number_of_excluded_pixels: int | None = _specific("number_of_excluded_pixels", _INT)
    photon_energy: float | None = _specific("photon_energy", _FLOAT, "eV")
    roi_mode: str | None = _specific("roi_mode", _TEXT)
    software_version: str | None = _specific("software_version", _TEXT)
    summation_nimages: int | None = _specific("summation_nimages", _INT)
    test_mode: int | None = _specific("test_mode", _INT)
    trigger_mode: str | None = _specific("trigger_mode", _TEXT)
    incident_wavelength: float | None = _both(
        "instrument/beam/incident_wavelength", _FLOAT, "angstrom"
    )
    sample_name: str | None = _both("sample/name", _TEXT)
    goniometer: Mapping[str, GoniometerAxis] = field(default_factory=dict[str, GoniometerAxis])

    def values(self, format: str, n_frames: int) -> Iterator[Value]:
        """Every value that is known, for a master of ``n_frames`` in a format ("v1" or "v2")."""
        for row in fields(self):
            place: Place | None = row.metadata.get("place")
            content = getattr(self, row.name)
            if place is not None and content is not None and place.address(format):
                stored = content if place.dtype == _TEXT else np.asarray(content, place.dtype)
                yield Value(place.address(format), stored, place.unit)
        for name, axis in self.goniometer.items():
            yield from _axis_values(name, axis, n_frames)


def _axis_values(name: str, axis: GoniometerAxis, n_frames: int) -> Iterator[Value]:
    """An axis: the angle at each frame, and the five ways in which DECTRIS adds its range."""
    group = f"{_DETECTOR}/goniometer" if name == "two_theta" else "sample/goniometer"
    starts = axis.start_deg + axis.increment_deg * np.arange(n_frames)
    contents = {
        "": starts,
        "_start": axis.start_deg,
        "_increment": axis.increment_deg,
        "_end": starts + axis.increment_deg,
        "_range_average": axis.increment_deg,
        "_range_total": axis.increment_deg * n_frames,
    }
    for suffix, content in contents.items():
        yield Value(f"{group}/{name}{suffix}", np.asarray(content, "f8"), "degree")


def series_values(
    format: str, shape_yx: tuple[int, int], dtype: np.dtype[Any], compression: str
) -> Iterator[Value]:
    """Values that the writer knows itself, for a format ("v1" or "v2")."""
    bits = 8 * dtype.itemsize
    yield Value(f"{_DETECTOR}/bit_depth_image", np.int32(bits))
    if format == "v1":
        yield Value(f"{_SPECIFIC}/compression", compression)
        yield Value(f"{_SPECIFIC}/x_pixels_in_detector", np.int32(shape_yx[1]))
        yield Value(f"{_SPECIFIC}/y_pixels_in_detector", np.int32(shape_yx[0]))
    else:
        yield Value(f"{_DETECTOR}/type", "HPC")


def mask_value(format: str, mask: np.ndarray[Any, Any]) -> Value:
    """The pixel mask, uint32 (y, x): bit 0 gap, 1 dead, 2 under- and 3 over-responding, 4 noisy."""
    group = _SPECIFIC if format == "v1" else f"{_DETECTOR}/threshold_1_channel"
    return Value(f"{group}/pixel_mask", mask)


NX_CLASSES = {
    "": "NXentry",
    "data": "NXdata",
    "instrument": "NXinstrument",
    "instrument/beam": "NXbeam",
    _DETECTOR: "NXdetector",
    f"{_DETECTOR}/detectorSpecific": "NXcollection",
    f"{_DETECTOR}/threshold_1_channel": "NXdetector_channel",
    f"{_DETECTOR}/geometry": "NXgeometry",
    f"{_DETECTOR}/geometry/orientation": "NXorientation",
    f"{_DETECTOR}/geometry/translation": "NXtranslation",
    f"{_DETECTOR}/goniometer": "NXtransformations",
    "sample": "NXsample",
    "sample/goniometer": "NXtransformations",
}
"""NeXus class of each group below ``/entry``, written where the group has content."""
