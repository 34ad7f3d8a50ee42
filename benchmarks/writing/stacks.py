"""Frames to write: photon-like and noisy, of an EIGER1 500K's size, and their attributes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from framepath.spec.frame import Frame
from framepath.spec.ndattribute import NDAttribute, NDAttrSourceType, NDAttrType

SHAPE_YX = (514, 1030)
N_DISTINCT = 24
"""Distinct frames that a series repeats: more than fit in a cache, few enough for any machine."""

Pixels = np.ndarray[Any, np.dtype[Any]]


@cache
def photon_like(dtype: str) -> tuple[Pixels, ...]:
    """Few photons, a beam, masked gaps; bslz4 makes uint16 7.7 times smaller, uint32 14.6."""
    rng = np.random.default_rng(514)
    y, x = np.mgrid[: SHAPE_YX[0], : SHAPE_YX[1]]
    beam = 40 * np.exp(-((x - 515) ** 2 + (y - 257) ** 2) / 9000)
    made = [rng.poisson(0.1 + beam).astype(dtype) for _ in range(N_DISTINCT)]
    for pixels in made:
        pixels[255:259] = pixels[:, 513:517] = np.iinfo(dtype).max
    return tuple(made)


@cache
def noise(dtype: str) -> tuple[Pixels, ...]:
    """A camera's read-out noise on an offset."""
    rng = np.random.default_rng(1030)
    return tuple(rng.normal(1000, 20, SHAPE_YX).astype(dtype) for _ in range(N_DISTINCT))


def small() -> tuple[Pixels, ...]:
    """64 x 64 frames, for what a frame costs beside its pixels."""
    rng = np.random.default_rng(64)
    return tuple(rng.poisson(3, (64, 64)).astype("u2") for _ in range(N_DISTINCT))


def _more_attributes(index: int) -> dict[str, NDAttribute]:
    """Nine beside the four that every file has: numbers of all kinds and two texts."""
    kinds = NDAttrType
    table = (
        ("ColorMode", kinds.INT32, 0),
        ("SaveDest", kinds.STRING, "/entry/instrument/detector/data"),
        ("CameraModel", kinds.STRING, "Basic simulator"),
        ("AcquireTime", kinds.FLOAT64, 0.01),
        ("FrameTypeNat", kinds.INT16, 0),
        ("ImageCounter", kinds.INT32, index),
        ("Theta", kinds.FLOAT64, index * 0.12),
        ("Temperature", kinds.FLOAT32, 293.5),
        ("Gate", kinds.UINT64, index * 8),
    )
    return {n: NDAttribute(n, k, v, n, "", NDAttrSourceType.DRIVER) for n, k, v in table}


def series(stack: tuple[Pixels, ...], n_frames: int, n_attributes: int = 4) -> list[Frame]:
    """``n_frames`` frames with 4 NDAttributes (those of every file), or 13."""
    return [
        Frame(
            stack[i % len(stack)],
            unique_id=i,
            timestamp=1.1e9 + i * 1e-3,
            epics_ts=(1_100_000_000 + i // 1000, i % 1000 * 1_000_000),
            attributes=_more_attributes(i) if n_attributes > 4 else {},
        )
        for i in range(n_frames)
    ]
