"""Compat files against those of the real C++ plugin, object by object, with their values."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from framepath.layout.model import Mode
from framepath.spec.frame import Frame
from framepath.spec.ndattribute import NDAttribute, NDAttrSourceType, NDAttrType
from framepath.writing import FileWriteMode, RoutedWriter, WriterSettings

PREFIX = "13SIM1:"
DRIVER = NDAttrSourceType.DRIVER
PV = NDAttrSourceType.EPICS_PV
PARAM = NDAttrSourceType.PARAM
FUNCTION = NDAttrSourceType.FUNCTION
CONST = NDAttrSourceType.CONST
COLOR_MODE = NDAttribute("ColorMode", NDAttrType.INT32, 0, "Color mode", "Driver", DRIVER)


def ramp(start: int, dtype: str) -> np.ndarray:
    """What the simulated detector makes: rising by one along both axes, wrapping."""
    y, x = np.mgrid[:24, :32]
    return (start + x + y).astype(dtype)


def series_attributes(frame_type: int, destination: str, counter: int) -> list[NDAttribute]:
    """What the recipe's attributes.xml gives for a frame, in its order."""
    table = [
        ("SaveDest", "STRING", destination, "image, dark, or flat frame", "cam1:FrameType", PV),
        ("AcquireTime", "FLOAT64", 0.01, "Camera acquire time", "cam1:AcquireTime", PV),
        ("FrameTypeNat", "INT16", frame_type, "frame type as number", "cam1:FrameType", PV),
        ("Missing", "UNDEFINED", None, "PV that does not exist", "does:not:exist", PV),
        ("ImageCounter", "INT32", counter, "Image counter", "ARRAY_COUNTER", PARAM),
        ("AcqTimeParam", "FLOAT64", 0.01, "acquire time param", "ACQ_TIME", PARAM),
        ("CameraModel", "STRING", "Basic simulator", "Camera model", "MODEL", PARAM),
        ("Pi", "FLOAT64", float(np.pi), "Value of PI", "myAttrFunct1", FUNCTION),
        ("Ten", "INT32", 10, "Value 10", "myAttrFunct1", FUNCTION),
        ("Constant1", "STRING", "My constant #1", "Constant attribute #1", "My constant #1", CONST),
    ]
    return [
        NDAttribute(n, NDAttrType[kind], value, text, PREFIX * (where is PV) + source, where)
        for n, kind, value, text, source, where in table
    ] + [COLOR_MODE]


def series(destinations: tuple[str, str, str], first_counter: int) -> list[Frame]:
    types = [0] * 4 + [1] * 3 + [2] * 2
    return [
        Frame(
            ramp(i + 1, "u2"),
            first_counter + i,
            attributes={
                a.name: a for a in series_attributes(t, destinations[t], first_counter + i)
            },
        )
        for i, t in enumerate(types)
    ]


def stream_of_five() -> list[Frame]:
    return [Frame(ramp(i + 1, "u1"), i + 5, attributes={"ColorMode": COLOR_MODE}) for i in range(5)]


RECIPES = {
    "a_default_stream5": ("", FileWriteMode.STREAM, stream_of_five),
    "b_routed_capture": (
        *("layout.xml", FileWriteMode.CAPTURE),
        lambda: series(("/entry/data/data", "/entry/data/dark", "/entry/data/flat"), 43),
    ),
    "c_exchange_capture": (
        *("layout_dx.xml", FileWriteMode.CAPTURE),
        lambda: series(("/exchange/data", "/exchange/data_dark", "/exchange/data_white"), 63),
    ),
}


@pytest.mark.parametrize("name", RECIPES)
def test_nothing_differs_from_the_plugins_file(name, golden, tmp_path):
    layout, write_mode, frames_of = RECIPES[name]
    frames = frames_of()
    settings = WriterSettings(
        mode=Mode.COMPAT, write_mode=write_mode, num_capture=len(frames), unlimited=False
    )
    ours = tmp_path / "ours.h5"
    with RoutedWriter(ours, layout and str(golden / layout), settings) as writer:
        for frame in frames:
            writer.write(frame)
    tool = golden.parent / "tools" / "h5tree.py"
    compared = subprocess.run(
        [sys.executable, tool, "--diff", "--values", golden / f"{name}.h5", ours],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (compared.stdout.strip(), compared.returncode) == ("", 0), compared.stderr
