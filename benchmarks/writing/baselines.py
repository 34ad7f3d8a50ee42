"""What the writer is compared with; each is what a careful user would write, and verified."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np

from framepath.codecs import bslz4
from framepath.spec.frame import Frame
from framepath.writing import RoutedWriter, WriterSettings

DATA = "/entry/data/data"
COLUMNS = "/entry/instrument/NDAttributes"
ATTRIBUTES = (
    ("NDArrayUniqueId", "i4"),
    ("NDArrayTimeStamp", "f8"),
    ("NDArrayEpicsTSSec", "u4"),
    ("NDArrayEpicsTSnSec", "u4"),
)
"""The four NDAttributes of every file; naive writers write the same four."""


def row_of(frame: Frame) -> tuple[float, ...]:
    return (frame.unique_id, frame.timestamp, *frame.epics_ts)


def ours(path: Path, frames: Sequence[Frame], **settings: Any) -> None:
    """The whole writer: layout, attributes, performance table and ledger."""
    with RoutedWriter(path, "", WriterSettings(overwrite=True, **settings)) as writer:
        for frame in frames:
            writer.write(frame)


def os_write(path: Path, frames: Sequence[Frame]) -> None:
    """The bytes of the frames, one write a frame, no format."""
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    for frame in frames:
        os.write(descriptor, frame.data)
    os.close(descriptor)


def naive_h5py(path: Path, frames: Sequence[Frame], **filters: Any) -> None:
    """One-frame chunks, one resize and one assignment a frame and a frame's attribute."""
    first = frames[0].data
    with h5py.File(path, "w", libver="latest") as file:
        data = file.create_dataset(
            *(DATA, (0, *first.shape), first.dtype),
            **{"maxshape": (None, *first.shape), "chunks": (1, *first.shape)},
            **filters,
        )
        columns = [
            file.create_dataset(f"{COLUMNS}/{name}", (0,), kind, maxshape=(None,), chunks=(1024,))
            for name, kind in ATTRIBUTES
        ]
        for i, frame in enumerate(frames):
            data.resize(i + 1, axis=0)
            data[i] = frame.data
            for column, value in zip(columns, row_of(frame), strict=True):
                column.resize(i + 1, axis=0)
                column[i] = value


def filtered_h5py(path: Path, frames: Sequence[Frame]) -> None:
    """`naive_h5py` through the bitshuffle filter that hdf5plugin brings."""
    naive_h5py(path, frames, **hdf5plugin.Bitshuffle(cname="lz4"))


def codec_alone(path: Path, frames: Sequence[Frame]) -> None:
    """Compression into one buffer, with the writer's own options; nothing is stored."""
    buffer = np.empty(2 * frames[0].n_bytes, np.uint8)
    for frame in frames:
        bslz4.encode(frame.data, buffer, block_bytes=bslz4.FAST_BLOCK_BYTES)


def some(frames: Sequence[Frame]) -> Sequence[Frame]:
    """About twenty frames of all, the first and the last among them."""
    return [*frames[:: max(1, len(frames) // 20)], frames[-1]]


def verify_raw(path: Path, frames: Sequence[Frame]) -> None:
    """The file holds exactly the frames' bytes."""
    n_bytes = frames[0].n_bytes
    assert path.stat().st_size == n_bytes * len(frames)
    with path.open("rb") as file:
        for frame in some(frames):
            file.seek(frame.unique_id * n_bytes)
            assert file.read(n_bytes) == frame.data.tobytes()


def verify_hdf5(path: Path, frames: Sequence[Frame]) -> None:
    """The file holds the frames and the four attributes of each, read by plain h5py."""
    with h5py.File(path) as file:
        data = file[DATA]
        assert data.shape == (len(frames), *frames[0].shape)
        for frame in some(frames):
            np.testing.assert_array_equal(data[frame.unique_id], frame.data)
        stored = zip(*(file[f"{COLUMNS}/{name}"][()] for name, _ in ATTRIBUTES), strict=True)
        assert list(stored) == [row_of(frame) for frame in frames]


def verify_codec(path: Path, frames: Sequence[Frame]) -> None:
    """What is compressed decodes to the same pixels."""
    for frame in some(frames):
        out = np.empty_like(frame.data)
        bslz4.decode(bslz4.encode(frame.data), out)
        np.testing.assert_array_equal(out, frame.data)
