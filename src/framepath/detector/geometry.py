"""From the sensor's pixels to a frame's: region, binning, reversal, colour order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from framepath.spec.frame import ColorMode, Dimension

Pixels = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Axis:
    """What is read out along one sensor axis; ``size`` counts unbinned sensor pixels."""

    offset: int
    size: int
    binning: int
    reverse: bool

    @classmethod
    def clamped(cls, offset: int, size: int, binning: int, reverse: bool, sensor: int) -> Axis:
        """The nearest axis that fits a sensor of ``sensor`` pixels (as ADSimDetector does)."""
        offset = min(max(offset, 0), sensor - 1)
        size = min(max(size, 1), sensor - offset)
        binning = min(max(binning, 1), size)
        return cls(offset, size, binning, reverse)

    @property
    def n_pixels(self) -> int:
        """Pixels of the frame along this axis; an incomplete last bin is not read."""
        return self.size // self.binning

    @property
    def dimension(self) -> Dimension:
        """As the frame carries it."""
        return Dimension(self.n_pixels, self.offset, self.binning, self.reverse)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is cut from the start, binned or reversed."""
        return self.offset == 0 and self.binning == 1 and not self.reverse


@dataclass(frozen=True, slots=True)
class Region:
    """The part of the sensor that becomes the frame, slowest axis first."""

    y: Axis
    x: Axis

    @classmethod
    def of_values(cls, values: Mapping[str, Any]) -> Region:
        """From the camera's ``MinX``, ``SizeX``, ``BinX``, ``ReverseX``, ``MaxSizeX`` and Y."""

        def axis(letter: str) -> Axis:
            return Axis.clamped(
                int(values[f"Min{letter}"]),
                int(values[f"Size{letter}"]),
                int(values[f"Bin{letter}"]),
                bool(values[f"Reverse{letter}"]),
                int(values[f"MaxSize{letter}"]),
            )

        return cls(axis("Y"), axis("X"))

    def readbacks(self) -> dict[str, int]:
        """The parameters as they are in effect."""
        return {
            f"{name}{letter}": value
            for letter, axis in (("X", self.x), ("Y", self.y))
            for name, value in (("Min", axis.offset), ("Size", axis.size), ("Bin", axis.binning))
        }


def read_out(sensor: Pixels, region: Region) -> Pixels:
    """Cut, bin (sums, saturating) and reverse the sensor's pixels.

    ``sensor`` (y, x) or (y, x, 3), any dtype, is not changed; the result has its dtype and may
    share its memory when nothing is to be done.
    """
    y, x = region.y, region.x
    ny, nx = y.n_pixels, x.n_pixels
    cut = sensor[y.offset : y.offset + ny * y.binning, x.offset : x.offset + nx * x.binning]
    if y.binning > 1 or x.binning > 1:
        cut = _binned(cut, ny, y.binning, nx, x.binning)
    if y.reverse:
        cut = cut[::-1]
    if x.reverse:
        cut = cut[:, ::-1]
    return np.ascontiguousarray(cut)


def _binned(pixels: Pixels, ny: int, bin_y: int, nx: int, bin_x: int) -> Pixels:
    blocks = pixels.reshape(ny, bin_y, nx, bin_x, *pixels.shape[2:])
    return saturated(blocks.sum(axis=(1, 3), dtype=wide(pixels.dtype)), pixels.dtype)


def wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """A type in which sums of ``dtype`` pixels do not overflow."""
    return np.dtype({"f": "f8", "i": "i8", "u": "u8"}[dtype.kind])


def saturated(sums: Pixels, dtype: np.dtype[Any]) -> Pixels:
    """Sums as ``dtype``, held at its limits: a wrapped count would look like a small one."""
    if dtype.kind == "f":
        return sums.astype(dtype)
    limits = np.iinfo(dtype)
    return sums.clip(limits.min, limits.max).astype(dtype)


def in_color_order(pixels: Pixels, mode: ColorMode) -> Pixels:
    """(y, x, 3) pixels in the axis order of a colour mode; (y, x) pixels as they are."""
    if pixels.ndim == 2:
        return pixels
    order = {ColorMode.RGB2: (0, 2, 1), ColorMode.RGB3: (2, 0, 1)}.get(mode, (0, 1, 2))
    return np.ascontiguousarray(pixels.transpose(order))


def dimensions(region: Region, pixels: Pixels, mode: ColorMode) -> tuple[Dimension, ...]:
    """Dimensions of a frame, fastest first."""
    x, y = region.x.dimension, region.y.dimension
    if pixels.ndim == 2:
        return (x, y)
    color = Dimension(3)
    return {ColorMode.RGB2: (x, color, y), ColorMode.RGB3: (x, y, color)}.get(mode, (color, x, y))
