"""Compare what the catalog gives back with what the detector sent, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from framepath.errors import FramesLost
from framepath.files.checks.evidence import gather
from framepath.files.checks.pixels import checksummed_rows
from framepath.files.opened import FileSet
from framepath.spec.frame import checksum

SINGLY = 20
"""Frames fetched one at a time, as a person browsing would; longer stacks go on in slabs."""

SLAB_BYTES = 2**23
"""Bytes of a slab."""


def sent_checksums(path: Path, address: str) -> list[int]:
    """Checksums that the driver took of the frames now at ``address``, in stored order.

    Parameters
    ----------
    path
        Image file or Eiger master file.
    address
        HDF5 address of the frames; for a v1 master the group of its external links.
    """
    with FileSet() as files:
        rows = checksummed_rows(gather(files.open(path).h5))
    below = address + "/"
    mine = [(r, value) for r, value in rows if (r.destination + "/").startswith(below)]
    # Within one dataset the index orders the frames; data files follow each other by name.
    mine.sort(key=lambda pair: (pair[0].destination, pair[0].index))
    return [value for _, value in mine]


def frames_of(images: Any) -> Iterator[np.ndarray[Any, np.dtype[Any]]]:
    """Every frame of a catalog's image stack (frames, y, x), fetched lazily.

    The first `SINGLY` come one a request, the others in slabs of about `SLAB_BYTES`.
    """
    n_frames = images.shape[0]
    singly = min(SINGLY, n_frames)
    for index in range(singly):
        yield np.asarray(images[index])
    frame_bytes = images.dtype.itemsize * int(np.prod(images.shape[1:]))
    slab = max(1, SLAB_BYTES // frame_bytes)
    for start in range(singly, n_frames, slab):
        yield from np.asarray(images[start : start + slab])


def verified_count(images: Any, sent: list[int]) -> int:
    """Frames whose bytes, as the catalog gives them, have the checksum that the driver took.

    Raises
    ------
    FramesLost
        A frame differs; names its index and both checksums.
    """
    n_verified = 0
    for index, (pixels, expected) in enumerate(zip(frames_of(images), sent, strict=False)):
        found = checksum(pixels)
        if found != expected:
            raise FramesLost(
                "a frame came back changed",
                found=f"checksum {found:#010x}",
                expected=f"{expected:#010x}, taken in the driver",
                where=f"frame {index} of {images.uri}",
                next_step="framepath ledger --pixels FILE tells whether the file or the "
                "server changed it",
            )
        n_verified += 1
    return n_verified
