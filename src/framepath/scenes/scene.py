"""What every scene offers."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from framepath.spec.frame_type import FrameType

Pixels = np.ndarray[Any, np.dtype[Any]]
"""A frame's pixels, (y, x) or (y, x, colour)."""


class Scene(Protocol):
    """Frames as a detector would send them; the same arguments give the same frame."""

    @property
    def shape_yx(self) -> tuple[int, int]:
        """Rows and columns of a frame, pixels."""
        ...

    def frame(
        self, index: int, frame_type: FrameType = FrameType.IMAGE, exposure_s: float = 0.1
    ) -> Pixels:
        """Frame ``index``: (y, x), or (y, x, 3) for a colour pattern; a new array each time."""
        ...
