"""Numbers that describe an array: extremes, mean, net counts, centroid and moments."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from framepath.detector.plugins.stats_sums import sums

Pixels = np.ndarray[Any, np.dtype[Any]]
Doubles = np.ndarray[Any, np.dtype[np.float64]]


class Basic(NamedTuple):
    """Of all pixels; positions count from 0 and are 0 where an array has more than two axes."""

    min_value: float
    min_x: float
    min_y: float
    max_value: float
    max_x: float
    max_y: float
    mean: float
    sigma: float
    total: float
    net: float


class Centroid(NamedTuple):
    """Moments of the pixels at or above a threshold; all 0 when these sum to 0 or less.

    ``sigma_xy`` is the correlation coefficient, kurtosis that in excess of a Gaussian's,
    ``orientation`` the angle of the long axis to x in degrees, ``eccentricity`` 0 (round) to 1
    (a line).
    """

    total: float = 0.0
    x: float = 0.0
    y: float = 0.0
    sigma_x: float = 0.0
    sigma_y: float = 0.0
    sigma_xy: float = 0.0
    skew_x: float = 0.0
    skew_y: float = 0.0
    kurtosis_x: float = 0.0
    kurtosis_y: float = 0.0
    eccentricity: float = 0.0
    orientation: float = 0.0


def basic(pixels: Pixels, background_width: int = 0) -> Basic:
    """Statistics of an array of any shape (not empty) and dtype; sums are float64."""
    least, greatest = int(pixels.argmin()), int(pixels.argmax())
    min_value, max_value = float(pixels.flat[least]), float(pixels.flat[greatest])
    total, sigma = sums(pixels, min_value, max_value)
    return Basic(
        min_value,
        *_position(least, pixels.shape),
        max_value,
        *_position(greatest, pixels.shape),
        total / pixels.size,
        sigma,
        total,
        net(pixels, total, background_width),
    )


def _position(index: int, shape: tuple[int, ...]) -> tuple[float, float]:
    if len(shape) > 2:
        return 0.0, 0.0
    y, x = divmod(index, shape[-1] if shape else 1)
    return float(x), float(y)


def net(pixels: Pixels, total: float, background_width: int) -> float:
    """Total less the background: the mean of a border of some pixels' width, times all pixels.

    Each pixel of the border counts once (ADCore counts those of the corners twice).
    """
    if background_width <= 0:
        return total
    inner = pixels[
        tuple(slice(background_width, max(n - background_width, 0)) for n in pixels.shape)
    ]
    n_border = pixels.size - inner.size
    border = total - float(inner.sum(dtype=np.float64))
    return total - border / n_border * pixels.size


def above(pixels: Pixels, threshold: float) -> Doubles:
    """Pixels as float64, those below the threshold 0."""
    if pixels.dtype.kind in "iu" and math.isfinite(threshold):
        threshold = math.ceil(threshold)  # the same pixels, compared as integers
    kept = pixels.astype(np.float64)
    np.copyto(kept, 0.0, where=~(pixels >= threshold))
    return kept


def centroid(image: Doubles) -> Centroid:
    """Moments of an image (y, x), float64, whose pixels below the threshold are 0 (see `above`)."""
    profile_x, profile_y = image.sum(axis=0), np.vecdot(image, np.ones(image.shape[1]))
    total = float(profile_x.sum())
    if not total > 0:
        return Centroid()
    x, from_x, var_x = _center(profile_x, total)
    y, from_y, var_y = _center(profile_y, total)
    covariance = float(from_y @ np.vecdot(image, from_x)) / total
    sigma_x, sigma_y = math.sqrt(var_x), math.sqrt(var_y)
    both = var_x + var_y
    return Centroid(
        total=total,
        x=x,
        y=y,
        sigma_x=sigma_x,
        sigma_y=sigma_y,
        sigma_xy=covariance / (sigma_x * sigma_y) if sigma_x and sigma_y else 0.0,
        skew_x=_standardised(profile_x, from_x, var_x, 3),
        skew_y=_standardised(profile_y, from_y, var_y, 3),
        kurtosis_x=_standardised(profile_x, from_x, var_x, 4) - 3.0 if var_x else 0.0,
        kurtosis_y=_standardised(profile_y, from_y, var_y, 4) - 3.0 if var_y else 0.0,
        eccentricity=((var_x - var_y) ** 2 + 4 * covariance**2) / both**2 if both else 0.0,
        orientation=math.degrees(0.5 * math.atan2(2 * covariance, var_x - var_y)),
    )


def _center(profile: Doubles, total: float) -> tuple[float, Doubles, float]:
    """Mean position, distances of all positions from it, and variance."""
    positions = np.arange(profile.size, dtype=np.float64)
    mean = float(profile @ positions) / total
    distances = positions - mean
    return mean, distances, max(0.0, float(profile @ distances**2) / total)


def _standardised(profile: Doubles, distances: Doubles, variance: float, power: int) -> float:
    """A central moment in units of sigma to the same power; 0 for a single column or row."""
    if not variance:
        return 0.0
    return float(profile @ distances**power) / float(profile.sum()) / variance ** (power / 2)
