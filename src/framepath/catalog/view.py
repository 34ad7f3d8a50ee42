"""How documents' shapes and requests map to frames of a stack.

Classic ophyd and ophyd-async describe one image an event as (1, y, x), so the catalog holds
(N, 1, y, x); ``frame_per_point`` gives (events, m, y, x). The first is shown as (N, y, x).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from tiled.structures.array import ArrayStructure

from framepath.errors import CatalogError, LinkBroken

Pixels = np.ndarray[Any, np.dtype[Any]]


def frames_view(stored: ArrayStructure) -> ArrayStructure:
    """A structure without the axis of one frame an event; unchanged when there is none."""
    if len(stored.shape) != 4 or stored.shape[1] != 1:
        return stored
    dims = stored.dims and (stored.dims[0], *stored.dims[2:])
    return dataclasses.replace(
        stored,
        shape=(stored.shape[0], *stored.shape[2:]),
        chunks=(stored.chunks[0], *stored.chunks[2:]),
        dims=dims,
    )


def read_as_documented(
    stack: Any, shape: tuple[int, ...], key: tuple[Any, ...], where: str
) -> Pixels:
    """Read part of a stack under the shape that the documents give it.

    Parameters
    ----------
    stack
        (frames, y, x) as stored.
    shape
        As documented: (frames, y, x), or (events, m, y, x) with m frames an event.
    key
        Integers and slices for the axes of ``shape``, at most one each, already without ellipsis.
        A key with one item more than ``shape`` addresses (N, 1, y, x) as the documents wrote it.
    where
        What to call the data in errors.

    Raises
    ------
    CatalogError
        Frames of another size than documented, or frames asked for that are not there.
    """
    if len(key) == len(shape) + 1:
        key = (key[0], *key[2:])
    if stack.shape[1:] == (1, *shape[1:]):
        # Some writers store the axis of one frame an event.
        return read_as_documented(_WithoutSecondAxis(stack), shape, key, where)
    if not shape:
        return np.asarray(stack[()]).reshape(())
    per_event = _frames_per_event(stack, shape, where)
    first, rest = (key[0], key[1:]) if key else (slice(None), ())
    if per_event == 1 and len(shape) == len(stack.shape):
        _require(stack, shape, first, 1, where)
        return stack[(_bounded(first, shape[0]), *rest)]
    if isinstance(first, slice):
        _require(stack, shape, first, per_event, where)
        start, stop, step = first.indices(shape[0])
        low, high = (start, stop) if step > 0 else (stop + 1, start + 1)
        frames = stack[low * per_event : max(low, high) * per_event]
        events = frames.reshape(max(0, high - low), *shape[1:])[::step]
        return events[(slice(None), *rest)]
    _require(stack, shape, first, per_event, where)
    event = first + shape[0] if first < 0 else first
    if rest and isinstance(rest[0], int):
        frame = rest[0] + shape[1] if rest[0] < 0 else rest[0]
        return stack[(event * per_event + frame, *rest[1:])]
    return stack[event * per_event : (event + 1) * per_event].reshape(shape[1:])[rest]


def in_documented_type(pixels: Pixels, documented: np.dtype[Any], where: str) -> Pixels:
    """Pixels in the type that the documents give, which must hold every value.

    Raises
    ------
    CatalogError
        It cannot.
    """
    if pixels.dtype == documented or np.can_cast(pixels.dtype, documented, "safe"):
        return np.asarray(pixels, documented)
    raise CatalogError(
        "the pixels in the file do not have the documented type",
        found=f"{pixels.dtype} in the file",
        expected=f"{documented} in the documents",
        where=where,
        next_step="correct the device's dtype_numpy, or read the file directly",
    )


class _WithoutSecondAxis:
    """A stack of (frames, 1, y, x) as (frames, y, x)."""

    def __init__(self, stack: Any) -> None:
        self._stack = stack
        self.shape = (stack.shape[0], *stack.shape[2:])
        self.dtype = stack.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: tuple[Any, ...]) -> np.ndarray[Any, np.dtype[Any]]:
        return self._stack[(key[0], 0, *key[1:])]


def _frames_per_event(stack: Any, shape: tuple[int, ...], where: str) -> int:
    lead = len(shape) - len(stack.shape)
    if lead in (0, 1) and tuple(shape[1 + lead :]) == tuple(stack.shape[1:]):
        return shape[1] if lead else 1
    raise CatalogError(
        "the frames in the file do not have the documented size",
        found=f"{tuple(stack.shape)} in the file",
        expected=f"{tuple(shape)} in the documents",
        where=where,
        next_step="correct the device's description of its data, or read the file directly",
    )


def _bounded(first: Any, n: int) -> Any:
    # The file may hold more frames than documented: negative and open indices count from the
    # documented end.
    if isinstance(first, slice):
        start, stop, step = first.indices(n)
        return slice(start, None if stop < 0 else stop, step)
    return first + n if first < 0 else first


def _require(stack: Any, shape: tuple[int, ...], first: Any, per_event: int, where: str) -> None:
    wanted = range(*first.indices(shape[0])) if isinstance(first, slice) else (first % shape[0],)
    if not len(wanted):
        return
    last = max(wanted[0], wanted[-1])
    if (last + 1) * per_event > len(stack):
        if gaps := [gap.reason for gap in getattr(stack, "gaps", ())]:
            raise LinkBroken(
                f"frame {(last + 1) * per_event - 1} is in a file that is not there",
                found="; ".join(gaps[:3]) + (f"; and {len(gaps) - 3} more" if gaps[3:] else ""),
                where=where,
                next_step="bring the file back, or repair the link: framepath links --repair",
            )
        raise CatalogError(
            f"frame {(last + 1) * per_event - 1} is not in the file",
            found=f"{len(stack)} frames in the file",
            expected=f"{math.prod(shape[: 1 + (per_event > 1)])} frames in the documents",
            where=where,
            next_step=f"read the first {len(stack)} frames; while the run lasts, try again later",
        )
