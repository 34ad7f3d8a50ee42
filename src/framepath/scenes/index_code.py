"""A frame's index, written in its corner, so that a swapped frame shows.

The code takes the first ten pixels of row 0: the index as eight hexadecimal digits, most
significant first, then the two digits of their sum exclusive-or 0xA5, so that neither an empty
corner nor a shifted one passes for an index. Each pixel holds one digit, 0 to 15, which fits every
data type and stays below what a camera's offset or a ring's maximum looks like.
"""

from __future__ import annotations

import numpy as np

from framepath.scenes.scene import Pixels

DIGITS = 8
"""Hexadecimal digits of the index: 0 to 2**32 - 1."""

CODE_PIXELS = DIGITS + 2
"""Pixels of row 0 that hold the code."""

_CHECK = 0xA5
_SHIFTS = 4 * np.arange(DIGITS - 1, -1, -1)


def stamp(pixels: Pixels, index: int) -> None:
    """Write ``index`` into the corner of ``pixels`` (y, x) of any type, in place.

    Raises
    ------
    ValueError
        The frame has fewer than `CODE_PIXELS` columns, or the index does not fit.
    """
    if pixels.ndim != 2 or pixels.shape[1] < CODE_PIXELS or pixels.shape[0] == 0:
        raise ValueError(
            f"an index needs {CODE_PIXELS} pixels of row 0; the frame has shape {pixels.shape}"
        )
    if not 0 <= index < 16**DIGITS:
        raise ValueError(f"frame index {index} is not within 0 to {16**DIGITS - 1}")
    digits = (index >> _SHIFTS) & 0xF
    check = int(digits.sum()) ^ _CHECK
    pixels[0, :DIGITS] = digits
    pixels[0, DIGITS:CODE_PIXELS] = check >> 4, check & 0xF


def frame_index(pixels: Pixels) -> int:
    """Index that `stamp` wrote into ``pixels`` (y, x).

    Raises
    ------
    ValueError
        There is no code in the corner: another scene, a region without the corner, or damage.
    """
    corner = np.asarray(pixels)[0, :CODE_PIXELS]
    if corner.shape != (CODE_PIXELS,):
        raise ValueError(f"no index in a frame of shape {np.shape(pixels)}")
    found = [int(value) for value in corner]
    digits, check = found[:DIGITS], found[DIGITS:]
    wanted = sum(digits) ^ _CHECK
    if any(not 0 <= digit <= 15 for digit in digits) or check != [wanted >> 4, wanted & 0xF]:
        raise ValueError(f"no index in the corner: row 0 begins with {found}")
    return sum(digit << int(shift) for digit, shift in zip(digits, _SHIFTS, strict=True))
