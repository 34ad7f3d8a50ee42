"""cam1 and HDF1 of a running IOC, and short words for making files with them."""

from __future__ import annotations

import h5py
import numpy as np

from chain.detector.pvs import Pvs

Y, X = 24, 32
DATA = "/entry/data/data"
ATTRIBUTES = "/entry/instrument/NDAttributes"
TIMES = "/entry/instrument/performance/timestamp"
SINGLE, CAPTURE, STREAM = range(3)

DEFAULTS = {
    "FileWriteMode": STREAM, "LazyOpen": 0, "SWMRMode": 0, "Compression": "None",
    "NumExtraDims": 0, "ChunkSizeAuto": 1, "NumRowChunks": 0, "NumColChunks": 0, "ChunkSize2": 0,
    "NumFramesChunks": 0, "NDAttributeChunk": 0, "StoreAttr": 1, "StorePerform": 1, "FillValue": 0,
    "DimAttDatasets": 0, "PositionMode": 0, "BoundaryAlign": 0, "NumDataBits": 8,
    "DataBitsOffset": 0,
    **{f"ExtraDimSize{letter}": 1 for letter in "NXY3456789"},
    **{f"ExtraDimChunk{letter}": 0 for letter in "XY3456789"},
    **{f"PosNameDim{letter}": "" for letter in "NX"},
    **{f"PosIndexDim{letter}": "" for letter in "NX"},
    "NumCapture": 3,  # after the sizes, which set it
}  # fmt: skip
"""HDF1's settings before each recipe."""


class Rig:
    """cam1 and HDF1 of one IOC."""

    def __init__(self, ioc):
        self.prefix = ioc.prefix
        self.cam, self.hdf = Pvs(ioc), Pvs(ioc, "HDF1")
        self.cam.put_all(ImageMode="Single", AcquireTime=0.0, AcquirePeriod=0.0, WaitForPlugins=1)
        self.hdf.put_all(EnableCallbacks=1, FileName="f", FileTemplate="%s%s.h5", XMLFileName="")

    def prepare(self, folder, **settings):
        """Defaults, then these settings, and a frame through the plugin."""
        self.cam.put_all(DataType="UInt16", ColorMode="Mono", NDAttributesFile="", Reset=1)
        for name, value in DEFAULTS.items():
            if self.hdf[f"{name}_RBV"] != value:
                self.hdf.put(name, value)
        self.hdf.put_all(FilePath=str(folder), **settings)

    def take(self, n):
        for _ in range(n):
            self.cam.put("Acquire", 1)

    def file(self, n=3):
        """The path of a file made of ``n`` frames as the settings say."""
        mode = self.hdf["FileWriteMode_RBV"]
        if mode != SINGLE:
            self.hdf.start("Capture")
            self.hdf.until("Capture_RBV", 1)
        self.take(n)
        if mode != SINGLE:
            self.hdf.put("Capture", 0, wait=False)
            self.hdf.until("Capture_RBV", 0)
        if mode != STREAM:
            self.hdf.put("WriteFile", 1)
        assert self.hdf.text("WriteStatus") == "Write OK", self.hdf.text("WriteMessage")
        return self.hdf.text("FullFileName_RBV")


def counted(frames: h5py.Dataset, n: int) -> list[int]:
    """First pixels of the first ``n`` frames in the order of the file: the ramp counts them."""
    n_axes = int(frames.attrs["NDArrayNumDims"])
    each = frames[()].reshape(-1, int(np.prod(frames.shape[-n_axes:])))
    return [int(frame[0]) for frame in each[:n]]
