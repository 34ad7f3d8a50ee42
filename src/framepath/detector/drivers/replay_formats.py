"""Where a recorded file keeps its frames, their types and the rotation angle.

Links are followed by HDF5 itself; one that leads nowhere only rules a candidate out, so that a
master file with broken links still plays what it has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h5py

from framepath.spec.addresses import EXCHANGE_DESTINATIONS
from framepath.spec.frame_type import FrameType

ANGLE_WORDS = ("rotation_angle", "theta", "angle", "omega")
"""What the name of a rotation angle contains, the surest first."""

EXCHANGE_ORDER = (FrameType.FLAT, FrameType.DARK, FrameType.IMAGE)
"""Order in which the datasets of a Data Exchange file are played: it does not record one."""


@dataclass(frozen=True, slots=True)
class Stack:
    """One dataset of frames; ``address`` None leaves finding it to `framepath.files`.

    ``frame_type`` holds for all its frames, None when an image key says.
    """

    address: str | None
    frame_type: FrameType | None = None


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where things are in one file.

    Attributes
    ----------
    stacks
        Played one after the other.
    image_key
        Dataset with an NXtomo image key for each frame, None without.
    theta
        Dataset with an angle for each frame of the images, None without.
    """

    stacks: tuple[Stack, ...]
    image_key: str | None = None
    theta: str | None = None


def find_addresses(path: str | os.PathLike[str]) -> Addresses:
    """Recognise NXtomo, Data Exchange or a NeXus scan; any other file is one stack of images."""
    with h5py.File(path, "r") as file:
        return _exchange(file) or _scan(file) or Addresses((Stack(None),))


def _exchange(file: h5py.File) -> Addresses | None:
    if not isinstance(_opened(file, EXCHANGE_DESTINATIONS[FrameType.IMAGE]), h5py.Dataset):
        return None
    stacks = tuple(
        Stack(EXCHANGE_DESTINATIONS[frame_type], frame_type)
        for frame_type in EXCHANGE_ORDER
        if isinstance(_opened(file, EXCHANGE_DESTINATIONS[frame_type]), h5py.Dataset)
    )
    theta = "/exchange/theta"
    return Addresses(
        stacks, theta=theta if isinstance(_opened(file, theta), h5py.Dataset) else None
    )


def _scan(file: h5py.File) -> Addresses | None:
    """NXtomo, or a NeXus scan: the first detector with frames and an image key for each."""
    for entry in _groups(file):
        for instrument in _groups(entry):
            for detector in _groups(instrument):
                found = _detector(file, entry, detector)
                if found is not None:
                    return found
    return None


def _detector(file: h5py.File, entry: h5py.Group, detector: h5py.Group) -> Addresses | None:
    key = _opened(file, f"{detector.name}/image_key")
    frames = _opened(file, f"{detector.name}/data")
    if not isinstance(key, h5py.Dataset) or not isinstance(frames, h5py.Dataset):
        return None
    if key.ndim != 1 or frames.ndim < 3 or key.shape[0] != frames.shape[0]:
        return None
    plotted = f"{entry.name}/{str(detector.name).rpartition('/')[2]}"
    angle = _angle(file, (f"{entry.name}/sample", plotted, f"{entry.name}/data"), key.shape[0])
    # The address as written in this file, not where a link leads: links are part of the recording.
    return Addresses((Stack(f"{detector.name}/data"),), f"{detector.name}/image_key", angle)


def _angle(file: h5py.File, groups: tuple[str, ...], n_frames: int) -> str | None:
    """Address of the first dataset with an angle for each frame."""
    for address in groups:
        group = _opened(file, address)
        if not isinstance(group, h5py.Group):
            continue
        for word in ANGLE_WORDS:
            for name in map(str, group):
                if word not in name.lower():
                    continue
                column = _opened(file, f"{address}/{name}")
                if isinstance(column, h5py.Dataset) and column.shape == (n_frames,):
                    return f"{address}/{name}"
    return None


def _groups(parent: h5py.Group) -> Iterator[h5py.Group]:
    for name in map(str, parent):
        child = _opened(parent, name)
        if isinstance(child, h5py.Group):
            yield child


def _opened(parent: h5py.Group, address: str) -> Any:
    """What an address leads to; None where it leads nowhere."""
    try:
        return parent[address]
    except (KeyError, OSError):
        return None
