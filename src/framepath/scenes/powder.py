"""A powder pattern: where the rings of lanthanum hexaboride lie, and how strong they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepath.scenes.beam import smooth_noise
from framepath.scenes.scene import Pixels

LATTICE_ANGSTROM = 4.1569
"""Cell edge of LaB6, a cubic powder that beamlines calibrate with."""

REFLECTIONS = (
    # h, k, l and roughly how strong the ring is against the strongest
    ((1, 0, 0), 0.54),
    ((1, 1, 0), 1.00),
    ((1, 1, 1), 0.42),
    ((2, 0, 0), 0.23),
    ((2, 1, 0), 0.47),
    ((2, 1, 1), 0.25),
    ((2, 2, 0), 0.09),
    ((3, 0, 0), 0.21),
    ((3, 1, 0), 0.16),
    ((3, 1, 1), 0.10),
    ((2, 2, 2), 0.03),
    ((3, 2, 0), 0.06),
    ((3, 2, 1), 0.13),
)

KEV_ANGSTROM = 12.398419843
"""Photon energy times wavelength."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the detector stands, its face square to the beam.

    Attributes
    ----------
    distance_m
        Sample to sensor.
    wavelength_angstrom
        Of the photons.
    centre_yx
        Row and column where the direct beam would hit, pixels.
    pixel_m
        Edge of a pixel.
    """

    distance_m: float
    wavelength_angstrom: float
    centre_yx: tuple[float, float]
    pixel_m: float = 75e-6


def ring_radii(geometry: Geometry) -> list[tuple[float, float]]:
    """Radius in pixels and relative strength of each ring that the wavelength can reach."""
    rings: list[tuple[float, float]] = []
    for (h, k, l), strength in REFLECTIONS:  # noqa: E741 (Miller indices)
        spacing = LATTICE_ANGSTROM / np.sqrt(h * h + k * k + l * l)
        sine = geometry.wavelength_angstrom / (2 * spacing)
        if 0 < sine < np.sqrt(0.5):  # two theta below 90 degrees: it meets the detector's plane
            two_theta = 2 * np.arcsin(sine)
            rings.append((geometry.distance_m * np.tan(two_theta) / geometry.pixel_m, strength))
    return rings


def powder_light(shape_yx: tuple[int, int], geometry: Geometry, rng: np.random.Generator) -> Pixels:
    """Photons expected of each pixel, float64 (y, x), 1 at the strongest ring.

    Rings with a little grain, air scatter, the halo of a glass capillary, the polarisation of a
    horizontal storage ring, and the shadow of a beam stop with its arm.
    """
    dy = np.arange(shape_yx[0])[:, np.newaxis] - geometry.centre_yx[0]
    dx = np.arange(shape_yx[1]) - geometry.centre_yx[1]
    radius = np.hypot(dy, dx)
    grid = np.arange(0.0, radius.max() + 1.0, 0.25)
    grain = 1 + 0.10 * smooth_noise(shape_yx, 3, rng) + 0.05 * smooth_noise(shape_yx, 20, rng)
    light = np.interp(radius, grid, _rings(grid, geometry)) * np.clip(grain, 0.4, 1.8)
    light += np.interp(radius, grid, _scatter(grid, shape_yx))
    light *= _polarisation(radius, dx, geometry)
    return light * _beam_stop(dy, dx, radius, shape_yx)


def _rings(radius: Pixels, geometry: Geometry) -> Pixels:
    """Rings as Gaussians in the radius, wider outwards."""
    total = np.zeros_like(radius)
    for ring, strength in ring_radii(geometry):
        width = 1.5 + 0.0025 * ring
        total += strength * np.exp(-0.5 * ((radius - ring) / width) ** 2)
    return total


def _scatter(radius: Pixels, shape_yx: tuple[int, int]) -> Pixels:
    """Air around the beam and the broad halo of glass."""
    height = shape_yx[0]
    air = 0.20 / (1 + (radius / (0.10 * height)) ** 1.6)
    halo = 0.045 * np.exp(-0.5 * ((radius - 0.36 * height) / (0.13 * height)) ** 2)
    return 0.010 + air + halo


def _polarisation(radius: Pixels, dx: Pixels, geometry: Geometry) -> Pixels:
    """What is left of scattering along the horizontal electric field."""
    two_theta = np.arctan2(radius * geometry.pixel_m, geometry.distance_m)
    cosine_azimuth = dx / np.maximum(radius, 1e-9)
    return 1 - (np.sin(two_theta) * cosine_azimuth) ** 2


def _beam_stop(dy: Pixels, dx: Pixels, radius: Pixels, shape_yx: tuple[int, int]) -> Pixels:
    """Part of the light that passes a disc at the centre and its arm to the left edge."""
    disc = 0.045 * shape_yx[0] + 2
    slope = dy - 0.08 * dx
    arm = np.where(dx < 0, np.abs(slope) - 0.011 * shape_yx[0], np.inf)
    outside = np.minimum(radius - disc, arm)
    return 0.006 + 0.994 / (1 + np.exp(-np.clip(outside / 0.8, -30, 30)))
