"""The open beam on a scintillator, and what the camera behind it adds: fixed maps of a frame."""

from __future__ import annotations

import numpy as np

from framepath.scenes.scene import Pixels


def smooth_noise(shape_yx: tuple[int, int], cell: int, rng: np.random.Generator) -> Pixels:
    """Smooth random blotches about ``cell`` pixels wide, float32 (y, x), mean 0, deviation 1."""
    height, width = shape_yx
    coarse = rng.standard_normal((height // cell + 3, width // cell + 3))
    rows = _interpolation(height, coarse.shape[0], cell)
    columns = _interpolation(width, coarse.shape[1], cell)
    fine = rows @ coarse @ columns.T
    return ((fine - fine.mean()) / max(fine.std(), 1e-12)).astype(np.float32)


def _interpolation(size: int, n_knots: int, cell: int) -> Pixels:
    """Cosine interpolation from knots ``cell`` apart: (size, n_knots), rows summing to 1."""
    knot, fraction = np.divmod(np.arange(size) / cell, 1.0)
    weight = 0.5 - 0.5 * np.cos(np.pi * fraction)
    matrix = np.zeros((size, n_knots))
    matrix[np.arange(size), knot.astype(int)] = 1.0 - weight
    matrix[np.arange(size), knot.astype(int) + 1] = weight
    return matrix


def open_beam(shape_yx: tuple[int, int], rng: np.random.Generator) -> Pixels:
    """Light a second of the beam without sample, 1 at its brightest, float32 (y, x).

    A fan that is wide along x and falls off along y, with the stripes of a multilayer
    monochromator, blotches and scratches of the scintillator, and dust.
    """
    height, width = shape_yx
    y = (np.arange(height) - 0.48 * height) / height
    x = (np.arange(width) - 0.53 * width) / width
    profile = np.multiply.outer(np.exp(-0.5 * (y / 0.42) ** 2), np.exp(-0.5 * (x / 0.62) ** 2))
    stripes = np.convolve(rng.standard_normal(height), np.hanning(9) / 2.0, mode="same")
    drift = np.cumsum(rng.standard_normal(height)) / np.sqrt(height)
    profile *= (1 + 0.035 * stripes + 0.03 * drift)[:, np.newaxis]
    profile *= 1 + 0.018 * smooth_noise(shape_yx, 42, rng) + 0.008 * smooth_noise(shape_yx, 5, rng)
    profile *= 1 + 0.010 * rng.standard_normal(shape_yx)  # sensitivity of each pixel
    _dust(profile, rng)
    profile = np.maximum(profile, 0.02)
    return (profile / profile.max()).astype(np.float32)


def _dust(profile: Pixels, rng: np.random.Generator) -> None:
    """Darken a few out-of-focus grains on the scintillator, in place."""
    height, width = profile.shape
    for _ in range(9):
        y, x = rng.uniform(0, height), rng.uniform(0, width)
        radius = rng.uniform(0.006, 0.016) * height + 1.0
        rows = slice(max(int(y - 4 * radius), 0), int(y + 4 * radius) + 1)
        columns = slice(max(int(x - 4 * radius), 0), int(x + 4 * radius) + 1)
        dy = np.arange(height)[rows, np.newaxis] - y
        dx = np.arange(width)[columns] - x
        spot = np.exp(-((np.hypot(dy, dx) / radius) ** 4))
        profile[rows, columns] *= 1 - rng.uniform(0.06, 0.22) * spot


def readout_offset(shape_yx: tuple[int, int], level: float, rng: np.random.Generator) -> Pixels:
    """Offset of each pixel, counts, float32 (y, x): ``level`` with row and column structure."""
    height, width = shape_yx
    rows = 2.5 * rng.standard_normal(height) + 4 * np.cos(np.pi * np.arange(height))
    columns = 1.5 * rng.standard_normal(width)
    halves = np.where(np.arange(height) < height // 2, 0.0, 6.0)  # two amplifiers
    pixels = level + (rows + halves)[:, np.newaxis] + columns + rng.normal(0, 1, shape_yx)
    return np.maximum(pixels, 0).astype(np.float32)


def hot_pixels(shape_yx: tuple[int, int], n_pixels: int, rng: np.random.Generator) -> Pixels:
    """Flat indices of ``n_pixels`` different pixels, none in row 0 (the index lies there)."""
    height, width = shape_yx
    n_free = (height - 1) * width
    return width + rng.choice(n_free, min(n_pixels, n_free), replace=False)
