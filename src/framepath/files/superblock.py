"""What the first bytes of an HDF5 file say, read without the HDF5 library.

HDF5 File Format Specification, section II.A (superblock versions 0 to 3).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from framepath.files.lookup3 import lookup3

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FIRST_OFFSETS = (0, *(512 << n for n in range(12)))
_WRITE_ACCESS = 0x01
_SWMR_ACCESS = 0x04


@dataclass(frozen=True, slots=True)
class Superblock:
    """The facts that decide how a file can be opened.

    Attributes
    ----------
    version
        Superblock version; only 3 marks files that are being written.
    offset
        Byte where the signature stands: 0, or the size of the user block.
    open_for_write, open_for_swmr
        Consistency flags: a writer has the file open, or died with it open.
    end_of_file
        Bytes the file must have at least.
    whole
        Whether the checksum fits; looked at only where a writer's mark is set, because libhdf5
        looks itself, and for a SWMR reader a hundred times, ever more slowly.
    """

    version: int
    offset: int
    open_for_write: bool
    open_for_swmr: bool
    end_of_file: int
    whole: bool


def find_signature(descriptor: int) -> int:
    """Byte where the HDF5 signature of an open file stands; -1 when it has none."""
    for offset in _FIRST_OFFSETS:
        head = os.pread(descriptor, len(SIGNATURE), offset)
        if head == SIGNATURE:
            return offset
        if len(head) < len(SIGNATURE):
            break
    return -1


def read_superblock(descriptor: int) -> Superblock | None:
    """Superblock of an open file; None when the bytes are not those of an HDF5 file."""
    offset = find_signature(descriptor)
    return _parsed(os.pread(descriptor, 96, offset), offset) if offset >= 0 else None


def _parsed(head: bytes, offset: int) -> Superblock | None:
    if len(head) < 48:
        return None
    version = head[8]
    if version in (0, 1):
        width, flags, addresses = head[13], 0, 24 if version == 0 else 28
    elif version in (2, 3):
        width, flags, addresses = head[9], head[11] if version == 3 else 0, 12
    else:
        return None
    end = addresses + 2 * width
    whole = True
    if flags:
        sums = head[end + 2 * width : end + 2 * width + 4]
        whole = lookup3(head[: end + 2 * width]) == int.from_bytes(sums, "little")
    return Superblock(
        version=version,
        offset=offset,
        open_for_write=bool(flags & _WRITE_ACCESS),
        open_for_swmr=bool(flags & _SWMR_ACCESS),
        end_of_file=int.from_bytes(head[end : end + width], "little"),
        whole=whole,
    )
