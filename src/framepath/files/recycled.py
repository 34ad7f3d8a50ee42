"""Memory for many frames that was used before, since new memory costs as much as decoding.

The system clears every page that it gives; a virtual machine that must first get it from its host
waits ten times as long. Who reads slab after slab lets go of one with every next, or next but one.
"""

from __future__ import annotations

import ctypes
import mmap
import weakref
from collections import deque
from typing import Any

import numpy as np

Pixels = np.ndarray[Any, np.dtype[Any]]

SMALLEST_BYTES, LARGEST_BYTES = 2**25, 2**28
"""Other arrays are numpy's own: up to 32 MiB the C library keeps memory by itself, and of larger
ones two are too much to keep."""

_idle: deque[mmap.mmap] = deque(maxlen=2)
"""What nobody uses; appending drops the one that has been here longest."""

_CAN = hasattr(mmap, "MADV_HUGEPAGE") and hasattr(mmap, "MADV_FREE")


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Pixels:
    """An array of undefined content, as ``np.empty`` gives it; a large one in used memory.

    The memory is used again when the array is gone and all that refers to it: views, memoryviews,
    what other libraries made of it. While nobody uses it the system takes it back when short.
    """
    n_bytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    memory = _memory(n_bytes) if _CAN and SMALLEST_BYTES <= n_bytes <= LARGEST_BYTES else None
    if memory is None:
        return np.empty(shape, dtype)
    # Whatever refers to the array's bytes refers to this object; nobody else has it.
    lease = (ctypes.c_ubyte * n_bytes).from_buffer(memory)
    weakref.finalize(lease, _give_back, memory).atexit = False
    return np.ndarray(shape, dtype, lease)  # type: ignore[arg-type]


def _memory(n_bytes: int) -> mmap.mmap | None:
    """Idle memory of about that size, else new; None where the system gives none in this way."""
    for _ in range(len(_idle)):
        try:
            memory = _idle.popleft()
        except IndexError:  # another thread was faster
            break
        if n_bytes <= len(memory) <= 2 * n_bytes:
            return memory
        _idle.append(memory)
    try:
        # Private, or a forked process would write into the arrays of this one.
        memory = mmap.mmap(-1, n_bytes, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        memory.madvise(mmap.MADV_HUGEPAGE)
    except OSError:
        return None
    return memory


def _give_back(memory: mmap.mmap) -> None:
    try:
        memory.madvise(mmap.MADV_FREE)
    except OSError:
        return  # a system that could not take it back; so it gets it now
    _idle.append(memory)
