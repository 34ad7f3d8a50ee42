"""Shapes of a frame dataset: extents, chunks and where frame k goes (rules 11.1 to 11.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from framepath.spec.frame import Frame
from framepath.writing.settings import FileWriteMode, WriterSettings

UNLIMITED = h5py.h5s.UNLIMITED


@dataclass(frozen=True, slots=True)
class Geometry:
    """What all detector datasets of a file share (rule 6d.1).

    Attributes
    ----------
    dtype, frame_shape
        Of one frame, slowest axis first.
    lead_sizes
        Sizes of the axes before the frame's, slowest first: () in Single mode, one unlimited or
        ``NumCapture`` axis, or the extra dimensions (9th ... Y, X, N).
    lead_max
        Their maximum extents.
    chunk
        Chunk shape, all axes.
    """

    dtype: np.dtype[Any]
    frame_shape: tuple[int, ...]
    lead_sizes: tuple[int, ...]
    lead_max: tuple[int, ...]
    chunk: tuple[int, ...]

    @property
    def capacity(self) -> int | None:
        """Frames that fit; None without limit."""
        if not self.lead_sizes:
            return 1
        return None if UNLIMITED in self.lead_sizes else math.prod(self.lead_sizes)

    @property
    def one_frame_chunks(self) -> bool:
        """A chunk is exactly one frame, so that its bytes can be written directly."""
        return self.chunk[len(self.lead_sizes) :] == self.frame_shape and all(
            n == 1 for n in self.chunk[: len(self.lead_sizes)]
        )

    @property
    def max_shape(self) -> tuple[int, ...]:
        """Maximum extent of a dataset."""
        return self.lead_max + self.frame_shape

    @property
    def frame_bytes(self) -> int:
        """Bytes of the pixels of a frame."""
        return math.prod(self.frame_shape) * self.dtype.itemsize

    @property
    def empty_shape(self) -> tuple[int, ...]:
        """Extent before the first frame."""
        return (0,) * len(self.lead_sizes) + self.frame_shape

    def place(self, k: int) -> tuple[int, ...]:
        """Index along the leading axes of the k-th frame, the last leading axis fastest."""
        if len(self.lead_sizes) < 2:
            return (k,) * len(self.lead_sizes)
        index: list[int] = []
        for size in reversed(self.lead_sizes):
            k, at = divmod(k, size)
            index.append(at)
        return tuple(reversed(index))


def geometry_of(frame: Frame, settings: WriterSettings) -> Geometry:
    """Geometry of a file whose frames are like ``frame``."""
    shape = frame.shape
    lead_sizes, lead_max = _leading(settings)
    return Geometry(
        dtype=frame.dtype.newbyteorder("="),
        frame_shape=shape,
        lead_sizes=lead_sizes,
        lead_max=lead_max,
        chunk=_lead_chunk(lead_max, settings) + _frame_chunk(shape, settings),
    )


def _leading(settings: WriterSettings) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Sizes and maximum extents of the axes before the frame's."""
    if settings.write_mode is FileWriteMode.SINGLE:
        return (), ()
    if settings.extra_dimensions:
        sizes = tuple(reversed(settings.extra_dimensions))
        return sizes, sizes
    size = settings.num_capture or UNLIMITED
    return (size,), (UNLIMITED if settings.unlimited else size,)


def _lead_chunk(lead_max: tuple[int, ...], settings: WriterSettings) -> tuple[int, ...]:
    """The user's frames on the axis that grows fastest, no more than fit (rule 11.3).

    Further extra dimensions have their own chunks, of one place where none is set.
    """
    if not lead_max:
        return ()
    wanted = (settings.frame_chunks, *settings.extra_chunks)[: len(lead_max)]
    wanted += (1,) * (len(lead_max) - len(wanted))
    return tuple(
        max(w, 1) if most == UNLIMITED else min(max(w, 1), most)
        for w, most in zip(reversed(wanted), lead_max, strict=True)
    )


def _frame_chunk(shape: tuple[int, ...], settings: WriterSettings) -> tuple[int, ...]:
    """The user's columns, rows and further chunks, the fastest axis first (rule 11.3).

    Whole axes where none is set, and no more than fit.
    """
    wanted = (settings.chunk_columns, settings.chunk_rows, *settings.chunk_further)[: len(shape)]
    wanted += (0,) * (len(shape) - len(wanted))
    return tuple(min(w, n) if w > 0 else n for w, n in zip(reversed(wanted), shape, strict=True))
