"""A recorded stack of frames as a detector plays it: pixels, frame type and angle of each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import h5py
import numpy as np

from framepath.detector.drivers.replay_formats import Addresses, Stack, find_addresses
from framepath.errors import FileUnreadable
from framepath.files.open_frames import open_frames
from framepath.spec.frame_type import FrameType
from framepath.spec.reader import FrameStack

Pixels = np.ndarray[Any, np.dtype[Any]]


class Recording:
    """Frames of one file in the order in which they are played.

    Parameters
    ----------
    path
        For messages.
    stacks
        Played one after the other; frames of one shape and type.
    frame_types
        `FrameType` of each frame, None when the file does not say.
    theta_deg
        Angle of each frame, NaN where the file has none.
    """

    def __init__(
        self,
        path: str,
        stacks: Sequence[FrameStack],
        frame_types: Sequence[FrameType | None],
        theta_deg: np.ndarray[Any, Any],
    ) -> None:
        self.path = path
        self._stacks = tuple(stacks)
        self._ends = np.cumsum([len(stack) for stack in stacks])
        self._frame_types = tuple(frame_types)
        self._theta_deg = theta_deg
        self._by_type: dict[FrameType, list[int]] = {}
        for index, frame_type in enumerate(self._frame_types):
            played_as = FrameType.IMAGE if frame_type is None else frame_type
            self._by_type.setdefault(played_as, []).append(index)
        self.shape = stacks[0].shape[1:]
        self.dtype = stacks[0].dtype

    def __len__(self) -> int:
        return int(self._ends[-1])

    def pixels(self, index: int) -> Pixels:
        """Frame ``index`` as stored: (y, x), or (y, x, 3) for colour; a new array."""
        number = int(np.searchsorted(self._ends, index, side="right"))
        before = int(self._ends[number - 1]) if number else 0
        return self._stacks[number][index - before]

    def frame_type(self, index: int) -> FrameType | None:
        """What frame ``index`` was taken for; None when the file does not say."""
        return self._frame_types[index]

    def theta_deg(self, index: int) -> float:
        """Rotation angle of frame ``index``, degrees; NaN when the file has none."""
        return float(self._theta_deg[index])

    def of_type(self, frame_type: FrameType) -> list[int]:
        """Indices of the frames of one type, in their order.

        Frames whose type the file does not say are images: a plain stack is a scan.
        """
        return self._by_type.get(frame_type, [])

    def close(self) -> None:
        """Close every file."""
        for stack in self._stacks:
            stack.close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def open_recording(
    path: str | os.PathLike[str],
    address: str | None = None,
    image_key: str | None = None,
    theta: str | None = None,
) -> Recording:
    """Open a recorded file: NXtomo, a NeXus scan, Data Exchange, or any dataset of frames.

    Parameters
    ----------
    path
        HDF5 file; frames may be behind external links.
    address
        Dataset of frames; None recognises the format, and else takes the file's only stack.
    image_key
        Dataset with an NXtomo image key for each frame, for files whose format is not recognised.
    theta
        Dataset with an angle in degrees for each frame.

    Raises
    ------
    FileUnreadable
        The file cannot be opened, a dataset is not there, or lengths and shapes do not agree.
    LinkBroken
        A link on the way to the frames leads nowhere.
    """
    where = os.fspath(path)
    found = _addresses(where, address, image_key, theta)
    with ExitStack() as opened:
        stacks = [open_frames(where, stack.address) for stack in found.stacks]
        for stack in stacks:
            opened.callback(stack.close)
        _check_alike(where, found, stacks)
        n_frames = sum(len(stack) for stack in stacks)
        types = _frame_types(where, found, stacks, n_frames)
        angles = _angles(where, found, types, n_frames)
        opened.pop_all()
        return Recording(where, stacks, types, angles)


def _addresses(
    path: str, address: str | None, image_key: str | None, theta: str | None
) -> Addresses:
    try:
        found = find_addresses(path) if address is None else Addresses((Stack(address),))
    except OSError as error:
        raise FileUnreadable(
            "cannot open the recording",
            found=error,
            expected="an HDF5 file",
            where=path,
            next_step="check the path given with --source",
        ) from error
    return Addresses(found.stacks, image_key or found.image_key, theta or found.theta)


def _check_alike(path: str, found: Addresses, stacks: Sequence[FrameStack]) -> None:
    for stack, place in zip(stacks, found.stacks, strict=True):
        if len(stack.shape) not in (3, 4) or stack.shape[1:] != stacks[0].shape[1:]:
            raise FileUnreadable(
                "these frames cannot be played together",
                found=f"shape {stack.shape}",
                expected=f"(frames, y, x) like {stacks[0].shape}",
                where=f"{path}:{place.address}",
                next_step="name one dataset with --address",
            )
        if stack.dtype != stacks[0].dtype:
            raise FileUnreadable(
                "these frames cannot be played together",
                found=stack.dtype,
                expected=stacks[0].dtype,
                where=f"{path}:{place.address}",
                next_step="name one dataset with --address",
            )


def _frame_types(
    path: str, found: Addresses, stacks: Sequence[FrameStack], n_frames: int
) -> list[FrameType | None]:
    if found.image_key is None:
        return [
            place.frame_type
            for place, stack in zip(found.stacks, stacks, strict=True)
            for _ in range(len(stack))
        ]
    keys = _column(path, found.image_key, n_frames)
    try:
        return [FrameType.of_image_key(int(key)) for key in keys]
    except ValueError as error:
        raise FileUnreadable(
            "an image key is none of NXtomo's",
            found=error,
            expected="0 projection, 1 flat, 2 dark, 3 invalid",
            where=f"{path}:{found.image_key}",
            next_step="name another dataset with --image-key",
        ) from error


def _angles(
    path: str, found: Addresses, types: Sequence[FrameType | None], n_frames: int
) -> np.ndarray[Any, Any]:
    """Angle of each frame; a Data Exchange file has them for its images only."""
    angles = np.full(n_frames, np.nan)
    if found.theta is None:
        return angles
    turning = np.ones(n_frames, bool)
    if len(found.stacks) > 1:
        turning = np.array([frame_type is FrameType.IMAGE for frame_type in types])
    angles[turning] = _column(path, found.theta, int(turning.sum()))
    return angles


def _column(path: str, address: str, n_rows: int) -> np.ndarray[Any, Any]:
    """A one-dimensional dataset of ``n_rows`` numbers."""
    with h5py.File(path, "r") as file:
        try:
            column = file[address]
        except (KeyError, OSError) as error:
            raise FileUnreadable(
                "the recording lacks a dataset",
                found=error,
                expected=f"{n_rows} numbers",
                where=f"{path}:{address}",
                next_step="check the address, and the external links behind it",
            ) from error
        shape = getattr(column, "shape", None)
        if shape != (n_rows,):
            raise FileUnreadable(
                "a column does not have one value for each frame",
                found=f"shape {shape}",
                expected=f"({n_rows},)",
                where=f"{path}:{address}",
                next_step="name another dataset",
            )
        return column[:]  # type: ignore[index]
