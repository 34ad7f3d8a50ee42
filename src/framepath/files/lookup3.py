"""Bob Jenkins' lookup3 hash with start value 0: the checksum of HDF5 metadata."""

from __future__ import annotations

_MASK = 0xFFFFFFFF
_MIX = ((0, 2, 1, 4), (1, 0, 2, 6), (2, 1, 0, 8), (0, 2, 1, 16), (1, 0, 2, 19), (2, 1, 0, 4))
"""Steps between blocks: (changed, subtracted, added to it, bits)."""
_FINAL = ((2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24))
"""Steps after the last block: (changed, other, bits)."""


def lookup3(data: bytes) -> int:
    """Hash of some bytes, 0 to 2**32 - 1 (HDF5 File Format Specification, superblock version 2)."""
    state = [(0xDEADBEEF + len(data)) & _MASK] * 3
    n_blocks = max(1, -(-len(data) // 12))
    padded = data.ljust(12 * n_blocks, b"\0")
    for block in range(n_blocks):
        for word in range(3):
            at = 12 * block + 4 * word
            added = int.from_bytes(padded[at : at + 4], "little")
            state[word] = (state[word] + added) & _MASK
        if block < n_blocks - 1:
            _mix(state)
    return _finished(state) if data else state[2]


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & _MASK


def _mix(state: list[int]) -> None:
    for changed, other, third, bits in _MIX:
        difference = (state[changed] - state[other]) & _MASK
        state[changed] = difference ^ _rotated(state[other], bits)
        state[other] = (state[other] + state[third]) & _MASK


def _finished(state: list[int]) -> int:
    for changed, other, bits in _FINAL:
        mixed = (state[changed] ^ state[other]) - _rotated(state[other], bits)
        state[changed] = mixed & _MASK
    return state[2]
