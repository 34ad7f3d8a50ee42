"""Background, flat field, offset and scale, and clipping: arithmetic in double precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Pixels = np.ndarray[Any, np.dtype[Any]]
Doubles = np.ndarray[Any, np.dtype[np.float64]]


class Clip(NamedTuple):
    """Pixels beyond ``threshold`` become ``value``."""

    threshold: float
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """What is done to a frame, in this order; None leaves a step out.

    Attributes
    ----------
    background
        Subtracted; shape of the frame.
    flat, flat_scale
        The frame is divided by ``flat`` and multiplied by ``flat_scale``; where the flat is 0 the
        result is ``flat_scale``, as in ADCore.
    offset, scale
        ``(pixel + offset) * scale``.
    high, low
        Pixels above ``high.threshold``, then those below ``low.threshold``, are replaced.
    """

    background: Doubles | None = None
    flat: Doubles | None = None
    flat_scale: float = 1.0
    offset: float = 0.0
    scale: float = 1.0
    high: Clip | None = None
    low: Clip | None = None

    @property
    def does_something(self) -> bool:
        """Whether any step is left."""
        parts = (self.background, self.flat, self.high, self.low)
        return any(part is not None for part in parts) or (self.offset, self.scale) != (0.0, 1.0)


def corrected(pixels: Pixels, correction: Correction) -> Doubles:
    """A corrected copy of ``pixels`` (any shape and dtype) as float64."""
    result = pixels.astype(np.float64)
    if correction.background is not None:
        result -= correction.background
    if correction.flat is not None:
        lit = correction.flat != 0
        np.divide(result, correction.flat, out=result, where=lit)
        result *= correction.flat_scale
        result[~lit] = correction.flat_scale
    if (correction.offset, correction.scale) != (0.0, 1.0):
        result += correction.offset
        result *= correction.scale
    if correction.high is not None:
        result[result > correction.high.threshold] = correction.high.value
    if correction.low is not None:
        result[result < correction.low.threshold] = correction.low.value
    return result


def full_range(pixels: Pixels, dtype: np.dtype[Any]) -> tuple[float, float, float]:
    """Offset and scale that stretch ``pixels`` over a data type, and that type's greatest value.

    For float types the greatest value is that of an unsigned integer of the same size, as in
    ADCore. The scale of a frame without contrast is 1.
    """
    top = float(np.iinfo(dtype).max if dtype.kind in "iu" else 2.0 ** (8 * dtype.itemsize) - 1)
    lowest, highest = float(pixels.min()), float(pixels.max())
    scale = top / (highest - lowest) if highest > lowest else 1.0
    return -lowest, scale, top
