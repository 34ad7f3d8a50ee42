"""Pixels of one data type as pixels of another, held at the limits of the new type."""

from __future__ import annotations

from typing import Any

import numpy as np

from framepath.spec.frame import DataType

Pixels = np.ndarray[Any, np.dtype[Any]]


def output_type(data_type_out: int, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Type asked for by ``DataTypeOut``; its state after Float64 is Automatic: ``dtype``."""
    return DataType(data_type_out).dtype if data_type_out < len(DataType) else dtype


def converted(pixels: Pixels, dtype: np.dtype[Any]) -> Pixels:
    """Pixels of any shape and type as ``dtype``; fractions are cut off, NaN becomes 0.

    A value beyond the limits of an integer type becomes the limit (C would wrap it, and a wrapped
    count looks like a small one). ``pixels`` is not changed and is returned when it has the type.
    """
    if pixels.dtype == dtype:
        return pixels
    if dtype.kind == "f":
        with np.errstate(over="ignore"):  # beyond float32 lies infinity, which says so
            return pixels.astype(dtype)
    limits = np.iinfo(dtype)
    if pixels.dtype.kind == "f":
        return _from_float(pixels, float(limits.min), limits.max).astype(dtype)
    own = np.iinfo(pixels.dtype)
    return pixels.clip(max(limits.min, own.min), min(limits.max, own.max)).astype(dtype)


def _from_float(pixels: Pixels, lowest: float, highest: int) -> Pixels:
    """Floats that can be cast; the largest 64-bit integers have no float of their own."""
    top = float(highest)
    if int(top) > highest:
        top = float(np.nextafter(top, 0.0))
    held = pixels.astype(np.float64).clip(lowest, top)
    return np.nan_to_num(held, copy=False, nan=0.0)
