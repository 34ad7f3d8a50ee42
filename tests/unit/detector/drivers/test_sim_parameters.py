"""Every PV of the simulated camera's patterns changes the pixels, in the mode it belongs to."""

from __future__ import annotations

import numpy as np
import pytest

from framepath.detector.drivers.sim import Sim
from framepath.spec.frame import DataType
from unit.detector.drivers.cameras import TableCamera

RAMP, PEAKS, SINE, NOISE = range(4)
MONO, RGB1 = 0, 1

BASE = {
    "DataType": int(DataType.FLOAT64), "ColorMode": MONO, "Gain": 100.0, "GainX": 1.0, "GainY": 1.0,
    "PeakStartX": 5, "PeakStartY": 5, "PeakStepX": 9, "PeakStepY": 9, "PeakNumX": 2, "PeakNumY": 2,
    "PeakWidthX": 3, "PeakWidthY": 4, "PeakVariation": 0,
    **{f"{axis}Sine{n}Amplitude": 10.0 * n for axis in "XY" for n in (1, 2)},
    **{f"{axis}Sine{n}Frequency": 2.0 * n for axis in "XY" for n in (1, 2)},
    **{f"{axis}Sine{n}Phase": 0.0 for axis in "XY" for n in (1, 2)},
}  # fmt: skip
"""Where each change below shows."""

CHANGES = [
    *((RAMP, name, 3.0) for name in ("Gain", "GainX", "GainY")),
    *((mode, "Offset", 7.0) for mode in (RAMP, PEAKS, SINE, NOISE)),
    *((mode, "Noise", 5.0) for mode in (PEAKS, SINE, NOISE)),
    *((PEAKS, f"PeakStart{axis}", 8) for axis in "XY"),
    *((PEAKS, f"PeakStep{axis}", 12) for axis in "XY"),
    *((PEAKS, f"PeakNum{axis}", 1) for axis in "XY"),
    *((PEAKS, f"PeakWidth{axis}", 6) for axis in "XY"),
    (PEAKS, "PeakVariation", 50),
    *(
        (SINE, f"{axis}Sine{n}{what}", value)
        for axis in "XY"
        for n in (1, 2)
        for what, value in (("Amplitude", 50.0), ("Frequency", 5.0), ("Phase", 90.0))
    ),
    *((SINE, f"{axis}SineOperation", 1) for axis in "XY"),
]
COLORS = [(RAMP, f"Gain{color}", 9.0) for color in ("Red", "Green", "Blue")]


def second_frame(**values):
    """The second frame of a fresh camera: patterns that move have moved."""
    camera = TableCamera(Sim((24, 32)))
    camera.put(**{**BASE, **values})
    camera.expose()
    return camera.expose(1).pixels


@pytest.mark.parametrize(("mode", "name", "value"), CHANGES)
def test_a_parameter_changes_the_pattern(mode, name, value):
    before, after = (second_frame(SimMode=mode, **more) for more in ({}, {name: value}))
    assert before.shape == after.shape
    assert not np.array_equal(before, after)


@pytest.mark.parametrize(("mode", "name", "value"), COLORS)
def test_a_gain_of_a_colour_changes_that_colour_alone(mode, name, value):
    before, after = (
        second_frame(SimMode=mode, ColorMode=RGB1, **more) for more in ({}, {name: value})
    )
    changed = [not np.array_equal(before[..., i], after[..., i]) for i in range(3)]
    assert changed == [name == f"Gain{color}" for color in ("Red", "Green", "Blue")]
