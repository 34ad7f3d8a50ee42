"""What a port shows of the memory of its frames: ``PoolAllocBuffers``, ``PoolUsedMem``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from framepath.detector.drivers.base import Shown, Value
from framepath.detector.port import Port

MEGABYTE = 2**20

Held = Callable[[], Iterable[np.ndarray[Any, np.dtype[Any]]]]


class PoolStats:
    """Counts the arrays that a port holds when ``PoolPollStats`` is processed.

    There is no pool: arrays are freed when nobody holds them, so none is ever free and waiting.
    """

    def __init__(self, port: Port, held: Held) -> None:
        self._port = port
        self._held = held
        port.on_put("PoolPollStats", self._on_poll)

    def _on_poll(self, value: Value) -> Shown:
        arrays = list(self._held())
        self._port.publish("PoolAllocBuffers", len(arrays))
        self._port.publish("PoolFreeBuffers", 0)
        self._port.publish("PoolUsedMem", sum(array.nbytes for array in arrays) / MEGABYTE)
        return Shown.UNCHANGED
