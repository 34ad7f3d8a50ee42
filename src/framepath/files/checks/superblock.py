"""The HDF5 superblock: is a file marked as open for writing, and clearing that mark.

Layout of versions 2 and 3: HDF5 File Format Specification, section II.A.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from framepath.errors import FileUnreadable

SIGNATURE = b"\x89HDF\r\n\x1a\n"
WRITE_FLAG = 0x01
SWMR_FLAG = 0x04

_VERSION, _OFFSET_SIZE, _FLAGS = 8, 9, 11
_MARKED_VERSION = 3
"""Only version 3 marks a file that a writer has open; 0 to 2 leave the flags alone."""
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Superblock:
    """Where the superblock lies and what it says.

    ``position`` is its byte offset in the file (0 but for files with a user block), ``flags`` the
    file consistency flags, ``end_of_file`` the first byte after the file as far as libhdf5 last
    recorded it (0 for versions below 2, where it is not read here).
    """

    position: int
    version: int
    flags: int
    end_of_file: int
    raw: bytes

    @property
    def open_for_write(self) -> bool:
        """A writer has the file open, or died with it open."""
        return self.version >= _MARKED_VERSION and bool(self.flags & WRITE_FLAG)

    @property
    def swmr(self) -> bool:
        """That writer had started SWMR, so readers may open it with ``swmr=True``."""
        return self.open_for_write and bool(self.flags & SWMR_FLAG)

    def cleared(self, n_bytes: int) -> bytes:
        """The superblock's bytes without the marks, for a file of ``n_bytes``.

        The end of file is raised to ``n_bytes`` too: a SWMR writer records it only at close, and a
        plain reader refuses every address that lies behind it.
        """
        size = self.raw[_OFFSET_SIZE]
        at = 12 + 2 * size
        end = max(self.end_of_file, n_bytes)
        body = bytearray(self.raw[:-4])
        body[_FLAGS] = 0
        body[at : at + size] = end.to_bytes(size, "little")
        return bytes(body) + lookup3(bytes(body)).to_bytes(4, "little")


def read_superblock(path: str | os.PathLike[str]) -> Superblock:
    """Read the superblock of a file without libhdf5, whatever its flags and locks.

    Raises
    ------
    FileUnreadable
        There is no such file, or no HDF5 signature at byte 0, 512, 1024, 2048, ...
    """
    where = Path(path)
    try:
        with where.open("rb") as file:
            n_bytes = os.fstat(file.fileno()).st_size
            position = 0
            while position < n_bytes:
                file.seek(position)
                head = file.read(64)
                if head.startswith(SIGNATURE):
                    return _parsed(position, head)
                position = max(512, 2 * position)
    except OSError as error:
        raise FileUnreadable(
            "the file cannot be read", found=error.strerror, where=path, next_step="check the path"
        ) from error
    raise FileUnreadable(
        "not an HDF5 file",
        found=f"no HDF5 signature in {n_bytes} bytes",
        expected="an HDF5 file",
        where=path,
        next_step="give the image file or the master file, not its folder or a text file",
    )


def _parsed(position: int, head: bytes) -> Superblock:
    version = head[_VERSION]
    if version < 2:
        return Superblock(position, version, 0, 0, head)
    size = head[_OFFSET_SIZE]
    raw = head[: 12 + 4 * size + 4]
    at = 12 + 2 * size
    end = int.from_bytes(raw[at : at + size], "little")
    return Superblock(position, version, raw[_FLAGS], end, raw)


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & _MASK


_MIX = ((0, 2, 1, 4), (1, 0, 2, 6), (2, 1, 0, 8), (0, 2, 1, 16), (1, 0, 2, 19), (2, 1, 0, 4))
_FINAL = ((2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24))


def lookup3(data: bytes) -> int:
    """Bob Jenkins' lookup3 hash with start value 0, which HDF5 uses as metadata checksum."""
    state = [(0xDEADBEEF + len(data)) & _MASK] * 3
    blocks = max(1, -(-len(data) // 12))
    padded = data.ljust(12 * blocks, b"\0")
    for block in range(blocks):
        for word in range(3):
            at = 12 * block + 4 * word
            added = int.from_bytes(padded[at : at + 4], "little")
            state[word] = (state[word] + added) & _MASK
        if block < blocks - 1:
            _mix(state)
    return _finished(state) if data else state[2]


def _mix(state: list[int]) -> None:
    for target, other, third, bits in _MIX:
        state[target] = ((state[target] - state[other]) & _MASK) ^ _rotated(state[other], bits)
        state[other] = (state[other] + state[third]) & _MASK


def _finished(state: list[int]) -> int:
    for target, other, bits in _FINAL:
        state[target] = ((state[target] ^ state[other]) - _rotated(state[other], bits)) & _MASK
    return state[2]
