"""Sum and standard deviation of an array, a block at a time so that it stays in the cache.

numpy alone makes four passes over float64 copies of the whole array. A product of whole frames
would go to BLAS, which starts threads for it; rows of `ROW` pixels are summed by the caller.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

Pixels = np.ndarray[Any, np.dtype[Any]]
Doubles = np.ndarray[Any, np.dtype[np.float64]]

ROW = 1024
BLOCK_ROWS = 64
LARGEST_EXACT = 2**21
"""The squares of a row of integers up to here add up in float64 without rounding."""


class Sums(NamedTuple):
    """Of all pixels."""

    total: float
    sigma: float


def sums(pixels: Pixels, least: float, greatest: float) -> Sums:
    """Sum and standard deviation of an array of any shape (not empty) and dtype.

    Integers within +-`LARGEST_EXACT`, judged by the array's extremes, are added up exactly.
    """
    flat = pixels.reshape(-1)
    if pixels.dtype.kind in "iu" and max(-least, greatest) <= LARGEST_EXACT:
        return _exact(flat)
    total = float(pixels.sum(dtype=np.float64))
    mean = total / flat.size
    squares = sum(float(np.vecdot(rows, rows).sum()) for rows in _blocks(flat, mean))
    return Sums(total, math.sqrt(squares / flat.size))


def _exact(flat: Pixels) -> Sums:
    ones = np.ones(ROW)
    total = squares = 0
    for rows in _blocks(flat, 0.0):
        total += int(np.vecdot(rows, ones[: rows.shape[1]]).sum())
        squares += int(np.vecdot(rows, rows).astype(np.uint64).sum())
    variance = (flat.size * squares - total * total) / flat.size**2
    return Sums(float(total), math.sqrt(variance))


def _blocks(flat: Pixels, origin: float) -> Iterator[Doubles]:
    """Rows (n, at most ROW) of the pixels less ``origin``; each is good until the next is asked."""
    n_whole = flat.size // ROW
    whole = flat[: n_whole * ROW].reshape(n_whole, ROW)
    buffer = np.empty((min(BLOCK_ROWS, max(1, n_whole)), ROW))
    for start in range(0, n_whole, BLOCK_ROWS):
        rows = whole[start : start + BLOCK_ROWS]
        yield _filled(buffer[: len(rows)], rows, origin)
    rest = flat[n_whole * ROW :]
    if rest.size:
        yield _filled(buffer[:1, : rest.size], rest, origin)


def _filled(into: Doubles, pixels: Pixels, origin: float) -> Doubles:
    into[...] = pixels
    if origin:
        into -= origin
    return into
