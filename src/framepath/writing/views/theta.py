"""The rotation angle of each frame: given, or one of the file's own values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from framepath.errors import FileUnreadable, SettingsError
from framepath.files.checks.evidence import Evidence
from framepath.files.checks.stored import dataset_at
from framepath.spec.frame_type import FrameType
from framepath.writing.views.acquisition import Acquisition

Angles = np.ndarray[Any, np.dtype[np.float64]]

THETA_NAMES = ("theta", "sampletheta", "rotation", "rotationangle")
"""NDAttributes taken for the angle when none is named; case and underscores do not count."""


def given_angles(theta: npt.ArrayLike, acquisition: Acquisition) -> Angles:
    """Angles that the caller gave, for every frame or for the images alone.

    Parameters
    ----------
    theta
        Degrees, (frames,) in acquisition order, or (images,).

    Returns
    -------
    Degrees, float64 (frames,); NaN for darks and flats when only the images' were given.

    Raises
    ------
    SettingsError
        Another number of angles.
    """
    angles = np.asarray(theta, np.float64)
    images = acquisition.of_type(FrameType.IMAGE)
    if angles.shape == images.shape:
        return angles
    if angles.shape == (images.sum(),):
        full = np.full(len(images), np.nan)
        full[images] = angles
        return full
    raise SettingsError(
        "theta does not fit the file",
        found=f"{angles.shape} angles",
        expected=f"{len(images)} (all frames) or {images.sum()} (images)",
        next_step="give one angle in degrees for each frame, in acquisition order",
    )


def stored_angles(evidence: Evidence, acquisition: Acquisition, name: str | None) -> Angles:
    """Angles from the file: an NDAttribute, or a dataset by its address.

    Parameters
    ----------
    name
        Name of an NDAttribute; or an address (with a leading slash) of one value a frame; None
        for the first of `THETA_NAMES`.

    Returns
    -------
    Degrees, float64 (frames,).

    Raises
    ------
    SettingsError
        There is no such value.
    FileUnreadable
        Its rows are not those of the frames.
    """
    values = _by_address(evidence, name) if name and name[0] == "/" else _by_name(evidence, name)
    rows = evidence.attribute_rows or evidence.rows
    if len(values) == len(rows) != len(acquisition.rows):
        # NDAttributes have a row for a frame that was not stored, too.
        values = values[np.array([row.index >= 0 for row in rows])]
    if len(values) != len(acquisition.rows):
        raise FileUnreadable(
            "angles and frames do not belong together",
            found=f"{len(values)} angles",
            expected=f"{len(acquisition.rows)} frames",
            where=evidence.file.filename,
            next_step="run: framepath ledger FILE; or give theta",
        )
    return np.asarray(values, np.float64)


def _by_address(evidence: Evidence, address: str) -> np.ndarray[Any, Any]:
    dataset = dataset_at(evidence.file, address)
    if dataset is None or dataset.ndim != 1 or dataset.dtype.kind not in "iuf":
        raise _no_angles(evidence, address)
    return dataset[:]


def _by_name(evidence: Evidence, name: str | None) -> np.ndarray[Any, Any]:
    for attribute in evidence.attributes.values():
        plain = attribute.name.lower().replace("_", "")
        if attribute.name == name or (name is None and plain in THETA_NAMES):
            return attribute.values()
    raise _no_angles(evidence, name)


def _no_angles(evidence: Evidence, name: str | None) -> SettingsError:
    numbers = [a.name for a in evidence.attributes.values() if not a.is_text]
    return SettingsError(
        "the rotation angle of the frames is not known",
        found=f"the NDAttributes {', '.join(sorted(numbers))}" if numbers else "no NDAttributes",
        expected=name or "an NDAttribute called theta, SampleTheta or rotation_angle",
        where=evidence.file.filename,
        next_step="name the angle (--theta-attribute NAME, or its HDF5 address), or give theta",
    )
