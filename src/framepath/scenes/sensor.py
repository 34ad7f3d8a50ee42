"""The sensor of a photon counter: its gaps, and pixels that must not be trusted."""

from __future__ import annotations

from enum import IntFlag

import numpy as np

from framepath.scenes.beam import hot_pixels
from framepath.scenes.scene import Pixels

CHIP = 256
"""Pixels along the edge of a readout chip."""

CHIP_GAP = 2
"""Pixels between the chips of an EIGER1 module."""

MODULES = (
    # rows and columns of a module, rows and columns between modules
    (514, 1030, 37, 10),
    (512, 1028, 38, 12),
)
"""EIGER1 and EIGER2 modules (514 x 1030 is an EIGER1 500K, 512 x 1028 an EIGER2 500K)."""


class MaskBit(IntFlag):
    """Bits of a pixel mask (DECTRIS SIMPLON)."""

    GAP = 1
    DEAD = 2
    UNDER = 4
    OVER = 8
    NOISY = 16


def gap_lines(size: int, module: int, gap: int) -> list[slice]:
    """Gaps along an axis of ``size`` pixels made of modules; [] where it is none of them.

    A single module of EIGER1 has the lines between its chips instead.
    """
    n_modules, rest = divmod(size + gap, module + gap)
    if rest or not n_modules:
        return []
    if n_modules > 1:
        return [slice(n * (module + gap) - gap, n * (module + gap)) for n in range(1, n_modules)]
    pitch = CHIP + CHIP_GAP
    if (size + CHIP_GAP) % pitch:
        return []
    return [slice(n * pitch - CHIP_GAP, n * pitch) for n in range(1, (size + CHIP_GAP) // pitch)]


def gaps(shape_yx: tuple[int, int]) -> Pixels:
    """True in the gaps of a sensor, bool (y, x); sizes of no known detector have none."""
    found = np.zeros(shape_yx, bool)
    for rows, columns, row_gap, column_gap in MODULES:
        lines = gap_lines(shape_yx[0], rows, row_gap), gap_lines(shape_yx[1], columns, column_gap)
        for line in lines[0]:
            found[line] = True
        for line in lines[1]:
            found[:, line] = True
        if found.any():
            break
    return found


def pixel_mask(
    shape_yx: tuple[int, int], n_dead: int, n_noisy: int, rng: np.random.Generator
) -> Pixels:
    """A pixel mask as the detector stores it, uint32 (y, x): `MaskBit`, 0 for good pixels."""
    mask = np.where(gaps(shape_yx), np.uint32(MaskBit.GAP), np.uint32(0))
    places = hot_pixels(shape_yx, n_dead + n_noisy, rng)
    mask.reshape(-1)[places[:n_dead]] |= np.uint32(MaskBit.DEAD)
    mask.reshape(-1)[places[n_dead:]] |= np.uint32(MaskBit.NOISY)
    return mask
