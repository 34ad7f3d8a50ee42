"""Encode frames ahead of the file, in threads, and hand them on in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from framepath.spec.frame import Frame
from framepath.writing.encoding import Bytes, Encoding

Payload = np.ndarray[Any, np.dtype[Any]]
Store = Callable[[Payload], None]


class OrderedEncoder:
    """Turns frames into payloads and calls each frame's ``store`` in the order of `put`.

    ``store`` runs in the caller of `put` or `drain`, so that one thread makes all HDF5 calls.

    Parameters
    ----------
    n_workers
        Threads; 0 encodes in the caller.
    """

    def __init__(self, encoding: Encoding, n_workers: int) -> None:
        self._encoding = encoding
        self._most_waiting = 2 * n_workers
        self._pool = ThreadPoolExecutor(n_workers, "encode") if n_workers else None
        self._waiting: deque[tuple[Future[Payload], Bytes, Store]] = deque()
        self._free: list[Bytes] = []

    @property
    def n_waiting(self) -> int:
        """Frames taken and not stored yet."""
        return len(self._waiting)

    def put(self, frame: Frame, store: Store) -> None:
        """Take a frame; stores it, and frames before it, as soon as they are encoded."""
        buffer = self._free.pop() if self._free else self._new_buffer()
        if self._pool is None:
            store(self._encoding.payload(frame, buffer))
            self._free.append(buffer)
            return
        future = self._pool.submit(self._encoding.payload, frame, buffer)
        self._waiting.append((future, buffer, store))
        while self._waiting and (
            len(self._waiting) > self._most_waiting or self._waiting[0][0].done()
        ):
            self._store_next()

    def drain(self) -> None:
        """Wait for every frame taken so far and store it."""
        while self._waiting:
            self._store_next()

    def close(self) -> None:
        """Stop the threads; frames still waiting are dropped."""
        self._waiting.clear()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _store_next(self) -> None:
        future, buffer, store = self._waiting[0]
        store(future.result())
        self._waiting.popleft()
        self._free.append(buffer)

    def _new_buffer(self) -> Bytes:
        # Incompressible pixels grow a little; a codec that needs more makes its own buffer.
        if self._encoding.codec is None or not self._encoding.direct:
            return np.empty(0, np.uint8)
        n_bytes = self._encoding.geometry.frame_bytes
        return np.empty(n_bytes + n_bytes // 64 + 2**16, np.uint8)
