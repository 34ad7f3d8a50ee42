"""The simulated camera: areaDetector's calibration patterns, or one of our scenes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

import numpy as np

from framepath.detector.drivers.base import (
    Camera,
    DriverInfo,
    Exposure,
    ExposureSettings,
    FreeRunning,
    Value,
)
from framepath.detector.motion.follow import MotionPvs
from framepath.scenes import (
    Absorption,
    Diffraction,
    LinearRamp,
    OffsetNoise,
    Peaks,
    Sine,
)
from framepath.scenes.pattern import Pattern
from framepath.scenes.sine import Wave
from framepath.spec.frame import ColorMode, DataType
from framepath.spec.frame_type import FrameType

DEFAULT_SIZE_YX = (514, 1030)


class SceneChoice(IntEnum):
    """``Scene``, numbered as the record."""

    ADSIM = 0
    """The pattern that ``SimMode`` names."""
    ABSORPTION = 1
    DIFFRACTION = 2


class Sim(FreeRunning):
    """ADSimDetector's camera with two more scenes.

    Frames of every scene count on over acquisitions, as ADSimDetector's ramp does; ``Reset`` or a
    change of the pattern's settings begins at 0 again.

    Parameters
    ----------
    size_yx
        Sensor size, pixels.
    scene
        ``Scene`` at the start.
    motion
        Motors and shutter that decide what our scenes show: then angle, sample and light are
        theirs, and ``FrameType`` is only what the frame is called. None: ``Theta`` and
        ``ThetaStep`` turn the sample, and ``FrameType`` says whether there is light and a sample.
    """

    def __init__(
        self,
        size_yx: tuple[int, int] = DEFAULT_SIZE_YX,
        scene: SceneChoice = SceneChoice.ADSIM,
        motion: MotionPvs | None = None,
    ) -> None:
        self.info = DriverInfo(
            port="SIM1",
            tables=("sim", "framepath_sim"),
            manufacturer="Simulated detector",
            model="Basic simulator",
            size_yx=size_yx,
            data_type=DataType.UINT8 if scene is SceneChoice.ADSIM else DataType.UINT16,
            initial={"Scene": int(scene)},
            n_colors=3,
        )
        self._motion = motion
        self._absorption = Absorption(shape_yx=size_yx)
        self._diffraction = Diffraction(shape_yx=size_yx)
        self._pattern: Pattern | None = None
        self._next_index = 0

    def attach(self, camera: Camera) -> None:
        """A scene of ours comes with its own data type; a client may change it afterwards."""

        def choose(value: Value) -> None:
            if value != SceneChoice.ADSIM:
                camera.publish("DataType", int(DataType.UINT16))

        camera.on_put("Scene", choose)

    def prepare(self, settings: ExposureSettings) -> None:
        """The first frame must not show where the motors were before a move that has ended."""
        if self._motion is not None:
            self._motion.refresh()

    def expose(self, settings: ExposureSettings, frame_index: int) -> Exposure:
        """The next frame of the scene."""
        values = settings.values
        if values["Reset"]:
            self._next_index = 0
        if self._motion is None:
            theta_deg = number(values, "Theta") + frame_index * number(values, "ThetaStep")
            seen, readbacks = settings.frame_type, {}
        else:
            now = self._motion.now()
            theta_deg, seen, readbacks = now.theta_deg, now.seen, {"Theta": now.theta_deg}
        frame_type = seen if settings.shutter_open else FrameType.DARK
        pixels = self._pixels(settings, frame_type, theta_deg)
        self._next_index += 1
        return Exposure(
            pixels, parameters={"THETA": theta_deg}, readbacks={"Reset": 0, **readbacks}
        )

    def _pixels(
        self, settings: ExposureSettings, frame_type: FrameType, theta_deg: float
    ) -> np.ndarray[Any, Any]:
        dtype = settings.data_type.dtype
        scene = settings.values["Scene"]
        if scene == SceneChoice.ABSORPTION:
            return self._absorption.frame(
                self._next_index, frame_type, settings.exposure_s, theta_deg, dtype
            )
        if scene == SceneChoice.DIFFRACTION:
            return self._diffraction.frame(self._next_index, frame_type, settings.exposure_s, dtype)
        pattern = pattern_of(settings, self.info.size_yx)
        if self._pattern is None or pattern != self._pattern:
            self._pattern = pattern
            self._next_index = 0
        return self._pattern.frame(self._next_index)


def pattern_of(settings: ExposureSettings, shape_yx: tuple[int, int]) -> Pattern:
    """The pattern that ``SimMode`` and its parameters describe."""
    values = settings.values
    colour = settings.color_mode in (ColorMode.RGB1, ColorMode.RGB2, ColorMode.RGB3)
    common: dict[str, Any] = {
        "shape_yx": shape_yx,
        "dtype": settings.data_type.dtype,
        "gain": number(values, "Gain"),
        "gain_x": number(values, "GainX"),
        "gain_y": number(values, "GainY"),
        "gain_rgb": tuple(number(values, f"Gain{c}") for c in ("Red", "Green", "Blue"))
        if colour
        else None,
        "offset": number(values, "Offset"),
        "noise": number(values, "Noise"),
    }
    return _MODES[int(number(values, "SimMode"))](values, common)


def number(values: Mapping[str, Value], name: str) -> float:
    """A parameter as float."""
    return float(values[name])  # type: ignore[arg-type]


def _ramp(values: Mapping[str, Value], common: dict[str, Any]) -> Pattern:
    return LinearRamp(**common)


def _peaks(values: Mapping[str, Value], common: dict[str, Any]) -> Pattern:
    def both(name: str) -> tuple[int, int]:
        return int(number(values, f"{name}X")), int(number(values, f"{name}Y"))

    return Peaks(
        **common,
        start_xy=both("PeakStart"),
        step_xy=both("PeakStep"),
        width_xy=both("PeakWidth"),
        number_xy=both("PeakNum"),
        variation=int(number(values, "PeakVariation")),
    )


def _sine(values: Mapping[str, Value], common: dict[str, Any]) -> Pattern:
    def wave(name: str) -> Wave:
        return Wave(
            number(values, f"{name}Amplitude"),
            number(values, f"{name}Frequency"),
            number(values, f"{name}Phase"),
        )

    return Sine(
        **common,
        x_waves=(wave("XSine1"), wave("XSine2")),
        y_waves=(wave("YSine1"), wave("YSine2")),
        multiply_x=values["XSineOperation"] == 1,
        multiply_y=values["YSineOperation"] == 1,
    )


def _offset_noise(values: Mapping[str, Value], common: dict[str, Any]) -> Pattern:
    return OffsetNoise(**common)


_MODES: tuple[Callable[[Mapping[str, Value], dict[str, Any]], Pattern], ...] = (
    _ramp,
    _peaks,
    _sine,
    _offset_noise,
)
"""``SimMode``, in the order of the record's states."""
