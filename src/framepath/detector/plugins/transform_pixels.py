"""Eight ways to turn an image: an exchange of its axes, then flips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from framepath.spec.frame import Dimension

Pixels = np.ndarray[Any, np.dtype[Any]]


class Transform(IntEnum):
    """``Type`` of the transform plugin (ADCore ``NDPluginTransform``); rotations are clockwise."""

    NONE = 0
    ROT90 = 1
    ROT180 = 2
    ROT270 = 3
    MIRROR = 4
    ROT90_MIRROR = 5
    ROT180_MIRROR = 6
    ROT270_MIRROR = 7


class _Turn(NamedTuple):
    exchange: bool
    flip_y: bool
    flip_x: bool


_TURNS = {
    Transform.NONE: _Turn(False, False, False),
    Transform.ROT90: _Turn(True, False, True),
    Transform.ROT180: _Turn(False, True, True),
    Transform.ROT270: _Turn(True, True, False),
    Transform.MIRROR: _Turn(False, False, True),
    Transform.ROT90_MIRROR: _Turn(True, False, False),
    Transform.ROT180_MIRROR: _Turn(False, True, False),
    Transform.ROT270_MIRROR: _Turn(True, True, True),
}


def transformed(pixels: Pixels, transform: Transform, y: int, x: int) -> Pixels:
    """Turn an image.

    Parameters
    ----------
    pixels
        Any number of axes, any dtype; not changed. Returned as it is for ``Transform.NONE``.
    y, x
        Which axes are the image's rows and columns; the others (colour) stay where they are.
    """
    turn = _TURNS[transform]
    turned = pixels.swapaxes(y, x) if turn.exchange else pixels
    flipped = tuple(axis for axis, flip in ((y, turn.flip_y), (x, turn.flip_x)) if flip)
    return np.ascontiguousarray(np.flip(turned, flipped) if flipped else turned)


def transformed_dimensions(
    dimensions: Sequence[Dimension], transform: Transform, y: int, x: int
) -> tuple[Dimension, ...]:
    """Dimensions (fastest first) of a turned frame; ``y`` and ``x`` as in `transformed`."""
    turn = _TURNS[transform]
    slowest_first = list(reversed(dimensions))
    if turn.exchange:
        slowest_first[y], slowest_first[x] = slowest_first[x], slowest_first[y]
    for axis, flip in ((y, turn.flip_y), (x, turn.flip_x)):
        dimension = slowest_first[axis]
        slowest_first[axis] = replace(dimension, reverse=dimension.reverse != flip)
    return tuple(reversed(slowest_first))
