"""When bslz4 is decoded by machine code made for this CPU, and for what part of a chunk."""

from __future__ import annotations

import ctypes
import threading
from typing import TYPE_CHECKING

import numpy as np

from framepath.codecs import libraries
from framepath.codecs.buffers import Bytes, Pixels

if TYPE_CHECKING:
    from framepath.codecs.bslz4_machine_code import Function

WORTH_BYTES = 2**28
"""Pixels that a process decodes before it compiles: that takes 0.1 s of CPU, which is what the code
saves in 400 frames of 1 MB, and 75 MB of resident memory, 9 MB of it not LLVM's library."""

ITEMSIZES = (1, 2, 4)
"""Bytes of elements; for 8, which detectors hardly send, compiling takes three times as long."""

_PROOF_BLOCK_BYTES = 2**13


class BlockDecoder:
    """Decodes whole blocks of elements of one size, once it has become worth while."""

    def __init__(self, itemsize: int) -> None:
        self._itemsize = itemsize
        self._decode: Function | None = None
        self._n_bytes = 0
        self._first = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether it decodes."""
        return self._decode is not None

    def decode(self, blocks: Bytes, out: Pixels, block: int) -> tuple[int, int]:
        """Decode what it can of stored blocks.

        Parameters
        ----------
        blocks
            Stored blocks with their lengths, uint8 (n_bytes,).
        out
            Elements to fill, C-contiguous.
        block
            Elements a block.

        Returns
        -------
        Elements that are done, from the first on, and bytes that they took; (0, 0) where another
        decoder must do, or say what is wrong.
        """
        n_blocks = out.size // block
        if not self._ready(out.nbytes) or n_blocks == 0:
            return 0, 0
        assert self._decode is not None
        stored, pixels = blocks.ctypes.data, out.ctypes.data
        n = self._decode(stored, blocks.size, pixels, n_blocks, block * out.itemsize)
        return (n_blocks * block, n) if n else (0, 0)

    def _ready(self, n_bytes: int) -> bool:
        self._n_bytes += n_bytes
        # Whoever comes first compiles, and nobody after it; others go on without, meanwhile.
        if self._n_bytes >= WORTH_BYTES and self._first.acquire(blocking=False):
            self._decode = _compiled(self._itemsize)
        return self._decode is not None


DECODERS = {itemsize: BlockDecoder(itemsize) for itemsize in ITEMSIZES}
"""Those of this process, by bytes of an element."""


def _compiled(itemsize: int) -> Function | None:
    """The code, None where there is no LLVM, or no code that can be run or trusted here."""
    lz4 = ctypes.cast(libraries.lz4().LZ4_decompress_safe, ctypes.c_void_p).value
    assert lz4 is not None
    try:
        from framepath.codecs import bslz4_machine_code

        function = bslz4_machine_code.compiled(itemsize, lz4)
    except (ImportError, AttributeError, TypeError, RuntimeError):
        # Not installed, too old or too new, or a system that lets nobody run code of his own.
        return None
    return function if _proven(function, itemsize) else None


def _proven(function: Function, itemsize: int) -> bool:
    """Whether it gives back what bitshuffle has encoded: no test has seen this CPU's code."""
    pixels = np.random.default_rng(0).integers(0, 256, 2 * _PROOF_BLOCK_BYTES, np.uint8)
    stored, out = np.empty(2 * pixels.size, np.uint8), np.zeros_like(pixels)
    n_stored = libraries.bitshuffle().bshuf_compress_lz4(
        *(pixels.ctypes.data, stored.ctypes.data, pixels.size // itemsize, itemsize),
        _PROOF_BLOCK_BYTES // itemsize,
    )
    n = function(stored.ctypes.data, n_stored, out.ctypes.data, 2, _PROOF_BLOCK_BYTES)
    return n == n_stored > 0 and bool((out == pixels).all())
