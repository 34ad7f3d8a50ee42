"""numpy-style keys, split into the frames to read, the pixels to read, and what to do then."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex, cast

import numpy as np

from framepath.files.source import Box, Pixels


@dataclass(frozen=True, slots=True)
class Selection:
    """One key, made ready for a stack of a given shape.

    Attributes
    ----------
    frames
        Frame numbers in the order wanted.
    box
        Bounding box of the pixels wanted of each frame.
    within
        Key for the array (len(frames), *box) that was read, one item an axis.
    squeezed
        Axes that were given as a single number.
    """

    frames: Sequence[int]
    box: Box
    within: tuple[Any, ...]
    squeezed: tuple[int, ...]

    @property
    def read_shape(self) -> tuple[int, ...]:
        """Shape of the array to read."""
        return (len(self.frames), *(s.stop - s.start for s in self.box))

    def applied(self, pixels: Pixels) -> Pixels:
        """What the key selects, from the array that was read."""
        if any(item != slice(None) if isinstance(item, slice) else True for item in self.within):
            pixels = np.ascontiguousarray(pixels[self.within])
        # The last key makes a single pixel the scalar that numpy and h5py give.
        return np.squeeze(pixels, axis=self.squeezed)[()] if self.squeezed else pixels


def select(key: Any, shape: tuple[int, ...]) -> Selection:
    """Make a key ready.

    Parameters
    ----------
    key
        Integers, slices with any step, ``...``, a tuple of them; in place of one of them a list,
        an integer array or a boolean array (n,), which selects along its axis alone as in h5py.
    shape
        (frames, y, x, ...).

    Raises
    ------
    IndexError
        A number is out of range, or there are too many.
    TypeError
        Something else than the above was given.
    """
    if type(key) is int:  # the usual key: one whole frame
        frame = _in_range(key, shape[0], 0)
        box = tuple(slice(0, size) for size in shape[1:])
        return Selection(range(frame, frame + 1), box, (slice(None),) * len(shape), (0,))
    items = _one_an_axis(key, len(shape))
    if sum(not isinstance(item, int | slice) for item in items) > 1:
        raise TypeError("only one axis of a frame stack can be indexed with a list or an array")
    frames, squeezed = _frames(items[0], shape[0])
    chosen = [
        _pixels(item, n, axis)
        for axis, (item, n) in enumerate(zip(items, shape, strict=True))
        if axis > 0
    ]
    single = [axis for axis, item in enumerate(items) if axis > 0 and isinstance(item, int)]
    return Selection(
        frames,
        tuple(box for box, _ in chosen),
        (slice(None), *(within for _, within in chosen)),
        (*([0] if squeezed else []), *single),
    )


def _one_an_axis(key: Any, n_axes: int) -> list[Any]:
    items = list(key) if isinstance(key, tuple) else [key]
    places = [n for n, item in enumerate(items) if item is Ellipsis]
    if len(places) > 1:
        raise IndexError("a key can hold only one ellipsis ('...')")
    if len(items) - len(places) > n_axes:
        raise IndexError(f"too many indices: {len(items) - len(places)} for {n_axes} axes")
    at = places[0] if places else len(items)
    items[at : at + len(places)] = [slice(None)] * (n_axes - len(items) + len(places))
    return [_plain(item) for item in items]


def _plain(item: Any) -> Any:
    """An int, a slice, or a one-dimensional array of integers or booleans."""
    if isinstance(item, slice):
        return item
    if item is None or isinstance(item, bool | np.bool_):
        raise TypeError(f"a frame stack cannot be indexed with {item!r}")
    if isinstance(item, list | np.ndarray) and np.ndim(item) > 0:
        array = np.asarray(item, dtype=None if len(item) else np.intp)
        if array.ndim != 1 or array.dtype.kind not in "iub":
            raise TypeError(
                f"an index array must hold integers or booleans along one axis, "
                f"not {array.dtype} {array.shape}"
            )
        return array
    return operator.index(cast(SupportsIndex, item))


def _frames(item: Any, n_frames: int) -> tuple[Sequence[int], bool]:
    if isinstance(item, slice):
        return range(*item.indices(n_frames)), False
    if isinstance(item, int):
        frame = _in_range(item, n_frames, 0)
        return range(frame, frame + 1), True
    return _numbers(item, n_frames, 0), False


def _pixels(item: Any, size: int, axis: int) -> tuple[slice, Any]:
    """Bounding slice along a pixel axis, and the key within what it reads."""
    if isinstance(item, int):
        place = _in_range(item, size, axis)
        return slice(place, place + 1), slice(None)
    if isinstance(item, slice):
        wanted = range(*item.indices(size))
        if len(wanted) == 0:
            return slice(0, 0), slice(None)
        low, high = min(wanted[0], wanted[-1]), max(wanted[0], wanted[-1])
        return slice(low, high + 1), slice(None) if wanted.step == 1 else slice(
            None, None, wanted.step
        )
    numbers = _numbers(item, size, axis)
    if not numbers:
        return slice(0, 0), slice(None)
    low = min(numbers)
    return slice(low, max(numbers) + 1), np.array(numbers) - low


def _numbers(array: np.ndarray[Any, Any], size: int, axis: int) -> list[int]:
    if array.dtype.kind == "b":
        if len(array) != size:
            raise IndexError(f"{len(array)} booleans for axis {axis}, which has {size} places")
        return np.flatnonzero(array).tolist()
    return [_in_range(number, size, axis) for number in array.tolist()]


def _in_range(number: int, size: int, axis: int) -> int:
    if not -size <= number < size:
        raise IndexError(f"index {number} is out of range for axis {axis} of {size} places")
    return number % size
