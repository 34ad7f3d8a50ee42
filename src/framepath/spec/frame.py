"""A frame (NDArray): pixels, identity, time and the attributes that travel with them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from typing import Any

import numpy as np

from framepath.spec.ndattribute import NDAttribute

EPICS_EPOCH_S = 631152000
"""Seconds from the Unix epoch to 1990-01-01 UTC, where EPICS time stamps begin."""


class DataType(IntEnum):
    """areaDetector's NDDataType_t in the order of its EPICS enum (ADCore ``NDAttribute.h``)."""

    INT8 = 0
    UINT8 = 1
    INT16 = 2
    UINT16 = 3
    INT32 = 4
    UINT32 = 5
    INT64 = 6
    UINT64 = 7
    FLOAT32 = 8
    FLOAT64 = 9

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The numpy type of a pixel."""
        return np.dtype(self.name.lower())

    @classmethod
    def of(cls, dtype: np.dtype[Any] | type | str) -> DataType:
        """The NDArray type of a numpy type; ValueError when areaDetector has none."""
        return _of(np.dtype(dtype))


@cache  # asked for every frame, several times; numpy makes up the name each time
def _of(dtype: np.dtype[Any]) -> DataType:
    name = dtype.name.upper()
    if name not in DataType.__members__:
        raise ValueError(f"areaDetector has no data type for numpy {dtype}")
    return DataType[name]


class ColorMode(IntEnum):
    """areaDetector's NDColorMode_t; numpy shapes are (y, x), (y, x, 3), (y, 3, x), (3, y, x)."""

    MONO = 0
    BAYER = 1
    RGB1 = 2
    RGB2 = 3
    RGB3 = 4
    YUV444 = 5
    YUV422 = 6
    YUV421 = 7


@dataclass(frozen=True, slots=True)
class Dimension:
    """One NDArray dimension: where its pixels lie on the sensor.

    ``size`` in pixels of the frame, ``offset`` in unbinned sensor pixels, ``binning`` sensor pixels
    summed a frame pixel, ``reverse`` True when read against the sensor's direction.
    """

    size: int
    offset: int = 0
    binning: int = 1
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Compressed:
    """How the bytes of a pre-compressed frame are to be read.

    ``codec`` is a name of `framepath.codecs` ("bslz4", "lz4", "blosc", "jpeg", "zlib"); ``shape``
    (y, x, slowest first) and ``dtype`` are those of the pixels before compression; ``options`` are
    those that the codec was given, by name, where they matter for what a file says of it.
    """

    codec: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    options: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """One NDArray.

    Attributes
    ----------
    data
        Pixels, C-contiguous, slowest axis first: (y, x) for mono, see `ColorMode` for colour;
        (x,) and (z, y, x) are allowed. For a pre-compressed frame the bytes as uint8 (n_bytes,).
        The array is not copied: whoever makes a frame must not change it afterwards.
    unique_id
        ``NDArrayUniqueId``: counts frames of a driver, int32 range.
    timestamp
        ``NDArrayTimeStamp``: seconds since the EPICS epoch, from the driver's clock.
    epics_ts
        ``NDArrayEpicsTSSec`` and ``...nSec``: seconds since the EPICS epoch, nanoseconds.
    attributes
        By name; iteration order is the order in which ADCore would list them.
    color_mode
        Meaning of a three-dimensional ``data``.
    dimensions
        One for each axis, fastest first as NDArray orders them; empty means plain: offset 0,
        binning 1, not reversed.
    compressed
        None for pixels; else how to read ``data``.
    """

    data: np.ndarray[Any, np.dtype[Any]]
    unique_id: int
    timestamp: float = 0.0
    epics_ts: tuple[int, int] = (0, 0)
    attributes: Mapping[str, NDAttribute] = field(default_factory=dict[str, NDAttribute])
    color_mode: ColorMode = ColorMode.MONO
    dimensions: tuple[Dimension, ...] = ()
    compressed: Compressed | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the pixels, slowest axis first: (y, x) for mono."""
        return self.compressed.shape if self.compressed else self.data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a pixel."""
        return self.compressed.dtype if self.compressed else self.data.dtype

    @property
    def n_bytes(self) -> int:
        """Bytes of the pixels before compression."""
        return math.prod(self.shape) * self.dtype.itemsize

    def ndarray_dimensions(self) -> tuple[Dimension, ...]:
        """Dimensions fastest first, plain ones made up from the shape where none were given."""
        return self.dimensions or tuple(Dimension(n) for n in reversed(self.shape))


def checksum(pixels: np.ndarray[Any, np.dtype[Any]]) -> int:
    """CRC-32 of a frame's bytes in C order, 0 to 2**32 - 1: the value of ``FrameChecksum``."""
    return zlib.crc32(np.ascontiguousarray(pixels).data)
