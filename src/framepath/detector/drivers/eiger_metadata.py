"""What an Eiger's PVs say about a series, in the words of its master file."""

from __future__ import annotations

import time
from collections.abc import Mapping

from framepath.detector.drivers.base import ExposureSettings, Value
from framepath.writing.eiger import EigerMetadata, GoniometerAxis

TRIGGER_MODES = ("ints", "inte", "exts", "exte", "continuous", "extg")
"""SIMPLON's words for the states of ``TriggerMode``."""

PIXEL_M = 75e-6
SENSOR_THICKNESS_M = 450e-6
SENSOR_MATERIAL = "Si"
READOUT_TIME_S = 1e-7

_AXES = {
    "chi": "Chi",
    "kappa": "Kappa",
    "omega": "Omega",
    "phi": "Phi",
    "two_theta": "TwoTheta",
}


def series_metadata(settings: ExposureSettings, description: str, n_images: int) -> EigerMetadata:
    """Metadata of a series of ``n_images`` a trigger; call it when the series is armed."""
    values = settings.values
    return EigerMetadata(
        beam_center_x=number(values, "BeamX"),
        beam_center_y=number(values, "BeamY"),
        bit_depth_readout=16,
        count_time=settings.exposure_s,
        frame_time=max(settings.period_s, settings.exposure_s + READOUT_TIME_S),
        detector_readout_time=READOUT_TIME_S,
        detector_distance=number(values, "DetDist"),
        detector_number=str(values["SerialNumber"]),
        description=description,
        sensor_material=SENSOR_MATERIAL,
        sensor_thickness=SENSOR_THICKNESS_M,
        threshold_energy=number(values, "ThresholdEnergy"),
        x_pixel_size=PIXEL_M,
        y_pixel_size=PIXEL_M,
        countrate_correction_applied=bool(values["CountrateCorrApplied"]),
        flatfield_correction_applied=bool(values["FlatfieldApplied"]),
        pixel_mask_applied=bool(values["PixelMaskApplied"]),
        auto_summation=bool(values["AutoSummation"]),
        countrate_correction_count_cutoff=int(number(values, "CountCutoff")),
        data_collection_date=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()),
        nimages=n_images,
        ntrigger=int(number(values, "NumTriggers")),
        photon_energy=number(values, "PhotonEnergy"),
        trigger_mode=TRIGGER_MODES[settings.trigger_mode],
        incident_wavelength=number(values, "Wavelength"),
        goniometer={
            axis: GoniometerAxis(number(values, f"{pv}Start"), number(values, f"{pv}Incr"))
            for axis, pv in _AXES.items()
        },
    )


def number(values: Mapping[str, Value], name: str) -> float:
    """A parameter as float."""
    return float(values[name])  # type: ignore[arg-type]
