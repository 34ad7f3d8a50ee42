"""What part of an array is asked for: the same for client, route and reader, and cheap.

Tiled's `NDSlice` does the same by ndindex, for 0.8 ms of CPU a request (measured); reading and
decoding a 500K frame costs 0.5 ms.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Sequence
from typing import Any

Key = tuple[int | slice, ...]
"""For each axis an index from 0, or a slice within bounds whose stop is None for "past 0"."""

_NUMBER = "-?[0-9]{1,18}"
_PART = re.compile(rf"({_NUMBER})|({_NUMBER})?:({_NUMBER})?(?::({_NUMBER})?)?|(\.\.\.)")


def expanded(key: Any, shape: Sequence[int]) -> Key:
    """One index or slice for every axis, as numpy reads ``key``.

    Parameters
    ----------
    key
        Integers, slices and at most one ellipsis, or a tuple of these.
    shape
        Of the array.

    Raises
    ------
    IndexError
        Out of bounds, for too many axes, or of another kind.
    """
    parts = key if isinstance(key, tuple) else (key,)
    ellipses = [at for at, part in enumerate(parts) if part is Ellipsis]
    if len(ellipses) > 1:
        raise IndexError("an index can have only one ellipsis")
    n_missing = len(shape) - len(parts) + len(ellipses)
    if n_missing < 0:
        raise IndexError(f"too many indices: {len(parts)} for an array of {len(shape)} axes")
    at = ellipses[0] if ellipses else len(parts)
    every = (slice(None),) * n_missing
    whole = (*parts[:at], *every, *parts[at + len(ellipses) :])
    axes = enumerate(zip(whole, shape, strict=True))
    return tuple(_bounded(part, n, axis) for axis, (part, n) in axes)


def shape_after(key: Key, shape: Sequence[int]) -> tuple[int, ...]:
    """Shape of what an `expanded` key gives."""
    return tuple(
        len(range(*part.indices(n)))
        for part, n in zip(key, shape, strict=True)
        if isinstance(part, slice)
    )


def as_text(key: Key) -> str:
    """A key as numpy would print it, without spaces: ``3,0:514:1,:``."""
    return ",".join(_texts(key))


def parsed(text: str) -> tuple[Any, ...]:
    """The key of a text: `as_text`, or what people write, such as ``::2,...,5``.

    Raises
    ------
    ValueError
        It is none.
    """
    return tuple(_parsed(part) for part in text.split(",")) if text else ()


def _bounded(part: Any, n: int, axis: int) -> int | slice:
    if isinstance(part, slice):
        start, stop, step = part.indices(n)
        return slice(start, None if stop < 0 else stop, step)
    try:
        index = operator.index(part)
    except TypeError:
        index = None
    if index is None or isinstance(part, bool):
        raise IndexError(f"{part!r} is no integer, slice or ellipsis")
    if not -n <= index < n:
        raise IndexError(f"index {index} is out of bounds for axis {axis} with {n} elements")
    return index + n if index < 0 else index


def _texts(key: Key) -> Iterator[str]:
    for part in key:
        if isinstance(part, slice):
            stop = "" if part.stop is None else part.stop
            yield f"{part.start}:{stop}:{part.step}"
        else:
            yield str(part)


def _parsed(text: str) -> Any:
    match = _PART.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no integer, slice or ellipsis")
    index, start, stop, step, ellipsis = match.groups()
    if ellipsis:
        return Ellipsis
    if index is not None:
        return int(index)
    return slice(*(None if part is None else int(part) for part in (start, stop, step)))
