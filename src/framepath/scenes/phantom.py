"""A sample on a rotation stage: ellipsoids whose radiograph is known in closed form.

Lengths are in units of the frame's height; x runs from the rotation axis to the right, y from the
frame's middle downwards (the axis is vertical), z towards the source at theta 0. A parallel beam
is assumed, so that each row of the detector sees one slice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepath.scenes.scene import Pixels


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """One body.

    Attributes
    ----------
    centre
        (x, y, z) at theta 0.
    semi_axes
        (x, y, z) before ``turn_deg``; all greater than 0.
    density
        Absorption a unit of length, added to what it lies in: negative for a hole.
    turn_deg
        Turned about its own vertical axis.
    """

    centre: tuple[float, float, float]
    semi_axes: tuple[float, float, float]
    density: float
    turn_deg: float = 0.0


SAMPLE = (
    # A grain of stone with pores and two ore inclusions, on a drop of glue on a pin.
    Ellipsoid((0.02, -0.02, 0.0), (0.33, 0.36, 0.27), 1.6, 20.0),
    Ellipsoid((-0.10, 0.06, 0.05), (0.19, 0.21, 0.15), 1.2, -35.0),
    Ellipsoid((0.15, -0.15, -0.08), (0.075, 0.10, 0.06), -1.5, 50.0),
    Ellipsoid((-0.13, -0.17, 0.10), (0.05, 0.045, 0.05), -1.6),
    Ellipsoid((0.08, 0.13, -0.12), (0.06, 0.05, 0.08), -1.6, 10.0),
    Ellipsoid((-0.06, 0.23, -0.06), (0.028, 0.028, 0.028), 16.0),
    Ellipsoid((0.22, 0.03, 0.10), (0.035, 0.02, 0.03), 14.0, 25.0),
    Ellipsoid((0.0, 0.36, 0.0), (0.10, 0.06, 0.10), 1.0),
    Ellipsoid((0.0, 0.62, 0.0), (0.035, 0.28, 0.035), 22.0),
)
"""The sample of the absorption scene."""


def path_integral(
    shape_yx: tuple[int, int], theta_deg: float, bodies: tuple[Ellipsoid, ...] = SAMPLE
) -> Pixels:
    """Density integrated along the beam, float32 (y, x), the sample turned by ``theta_deg``.

    A transmission is ``exp(-path_integral)``. Pixels that no body shadows are exactly 0.
    """
    total = np.zeros(shape_yx, np.float32)
    for body in bodies:
        _add_shadow(total, body, theta_deg)
    return np.maximum(total, 0, out=total)


def _add_shadow(total: Pixels, body: Ellipsoid, theta_deg: float) -> None:
    """Add the body's chord lengths times its density, within the rows and columns it covers.

    A slice at height y is an ellipse; a beam at distance u from its centre crosses it over
    ``2 a b sqrt(s^2 k^2 - u^2) / s^2``, with s the half width of the shadow and k the slice's
    scale (the same as an ellipse's Radon transform).
    """
    height, width = total.shape
    theta = np.deg2rad(theta_deg)
    x0, y0, z0 = body.centre
    a, b, c = body.semi_axes
    middle_x = x0 * np.cos(theta) + z0 * np.sin(theta)
    angle = theta + np.deg2rad(body.turn_deg)
    s2 = (a * np.cos(angle)) ** 2 + (c * np.sin(angle)) ** 2
    rows = _covered(y0, b, height, height)
    columns = _covered(middle_x, np.sqrt(s2), width, height)
    y = (np.arange(rows.start, rows.stop) + 0.5 - height / 2) / height - y0
    u = (np.arange(columns.start, columns.stop) + 0.5 - width / 2) / height - middle_x
    k2 = 1.0 - (y / b) ** 2
    inside = np.subtract.outer((s2 * k2).astype(np.float32), (u**2).astype(np.float32))
    np.sqrt(np.maximum(inside, 0, out=inside), out=inside)
    inside *= np.float32(2 * a * c / s2 * body.density)
    total[rows, columns] += inside


def _covered(middle: float, half: float, size: int, scale: int) -> slice:
    """Pixels of an axis of ``size`` that lie within ``half`` of ``middle``."""
    first = int(np.floor((middle - half) * scale + size / 2))
    last = int(np.ceil((middle + half) * scale + size / 2))
    return slice(min(max(first, 0), size), max(min(last, size), 0))
