"""The reader protocol: a lazy stack of frames, whoever stored them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class FrameStack(Protocol):
    """Frames along axis 0, read when indexed.

    ``shape`` is (frames, y, x), or (frames, y, x, 3) and the like for colour; ``dtype`` is the
    stored pixel type. Indexing follows numpy for integers, slices and tuples of them, and returns
    numpy arrays. A frame that cannot be read raises; nothing is filled in.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, y, x), slowest axis first."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a pixel."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> np.ndarray[Any, np.dtype[Any]]: ...

    def __iter__(self) -> Iterator[np.ndarray[Any, np.dtype[Any]]]: ...

    def close(self) -> None:
        """Close every file the stack holds open."""
        ...
