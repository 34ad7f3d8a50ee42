"""Whether a frame can go into a file at all, and into this one."""

from __future__ import annotations

from typing import Any

import numpy as np

from framepath.errors import FrameRefused
from framepath.layout.model import Mode
from framepath.spec.frame import Compressed, DataType, Frame
from framepath.writing.encoding import Encoding
from framepath.writing.settings import FileWriteMode, WriterSettings


def check_frame(frame: Frame) -> None:
    """Raise FrameRefused for a frame that areaDetector could not have made."""
    problem = None
    try:
        DataType.of(frame.dtype)
    except ValueError as error:
        problem = str(error)
    if not frame.shape or 0 in frame.shape:
        problem = f"shape {frame.shape}"
    elif frame.compressed is not None and frame.data.dtype.itemsize != 1:
        problem = f"compressed bytes of type {frame.data.dtype}"
    if problem:
        raise FrameRefused(
            "this is no frame",
            found=problem,
            expected="pixels of an integer or float type of 8 to 64 bits, at least one",
            where=f"frame {frame.unique_id}",
        )


def check_room(frame: Frame, n_accepted: int, settings: WriterSettings) -> None:
    """Raise FrameRefused for a frame beyond those that the file is for."""
    limit = settings.n_frames_limit
    holds_nothing = settings.write_mode is FileWriteMode.CAPTURE and limit == 0
    if holds_nothing or 0 < limit <= n_accepted:
        raise FrameRefused(
            "the file is complete",
            found=f"frame {n_accepted + 1}",
            expected=f"{limit} frames (NumCapture, Single mode or the extra dimensions)",
            where=f"frame {frame.unique_id}",
            next_step="open the next file, or raise NumCapture",
        )


def check_fits(frame: Frame, encoding: Encoding, mode: Mode) -> None:
    """Raise FrameRefused for a frame that differs from those that the file was made for.

    Compat compares shape and bytes a pixel, as ADCore does; strict the type too.
    """
    geometry = encoding.geometry
    same_type = frame.dtype == geometry.dtype or frame.dtype.newbyteorder("=") == geometry.dtype
    if not same_type and mode is Mode.COMPAT:
        check_frame(frame)
        same_type = frame.dtype.itemsize == geometry.dtype.itemsize
    if frame.shape != geometry.frame_shape or not same_type:
        raise _changed(frame, _kind(frame.shape, frame.dtype), _kind(*_made_for(encoding)))
    if not _same_codec(frame.compressed, encoding):
        found = frame.compressed.codec if frame.compressed else "plain pixels"
        expected = encoding.codec.name if encoding.codec else "plain pixels"
        raise _changed(frame, found, expected)


def _made_for(encoding: Encoding) -> tuple[tuple[int, ...], np.dtype[Any]]:
    return encoding.geometry.frame_shape, encoding.geometry.dtype


def _kind(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    return f"{dtype} {shape}"


def _same_codec(compressed: Compressed | None, encoding: Encoding) -> bool:
    """Plain pixels are encoded on the way in; compressed bytes need the file's own codec."""
    if compressed is None:
        return True
    return (
        encoding.direct and encoding.codec is not None and (encoding.codec.name == compressed.codec)
    )


def _changed(frame: Frame, found: str, expected: str) -> FrameRefused:
    return FrameRefused(
        "a frame differs from those that the file was opened for",
        found=found,
        expected=expected,
        where=f"frame {frame.unique_id}",
        next_step="close the file and open another one for frames of this kind",
    )
