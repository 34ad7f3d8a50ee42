"""What cannot be written: one clear error, earlier frames whole, the next file unharmed."""

from __future__ import annotations

import errno
import resource
import subprocess
from contextlib import contextmanager

import h5py
import numpy as np
import pytest

from framepath.errors import FrameRefused, WriteFailed
from framepath.layout.model import Mode
from framepath.spec.frame import ColorMode, Frame
from framepath.spec.ledger import Fate
from framepath.writing import Compression, RoutedWriter, WriterSettings
from unit.writing.recipes import ONE_DATASET, frame

COMPAT = WriterSettings(mode=Mode.COMPAT)


def write_all(writer, stack):
    for i, pixels in enumerate(stack):
        writer.write(Frame(pixels, i + 1))


def numbers_in(path, **how):
    """First pixel and unique id of each frame that a reader finds."""
    with h5py.File(path, **how) as file:
        ids = file["/entry/attributes/NDArrayUniqueId"][()].tolist()
        return file["/entry/data"][: len(ids), 0, 0].tolist(), ids


CHANGED = {
    "size": frame(1, shape=(4, 5)),
    "dimensions": frame(1, shape=(1, 4, 6)),
    "wider type": frame(1, dtype="u4"),
    "no frame type": Frame(np.zeros((4, 6), complex), 2),
    "empty": Frame(np.zeros((0, 6), "u2"), 2),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_a_changed_frame(tmp_path, kind):
    strict, compat = tmp_path / "strict.h5", tmp_path / "compat.h5"
    with RoutedWriter(strict, ONE_DATASET) as writer:
        writer.write(frame(0))
        with pytest.raises(FrameRefused, match="frame 2"):
            writer.write(CHANGED[kind])
        writer.write(frame(2))
    assert numbers_in(strict) == ([1, 3], [1, 3])
    with h5py.File(strict) as file:
        assert file["/framepath/ledger"]["fate"].tolist() == [
            *(Fate.STORED, Fate.REFUSED, Fate.STORED)
        ]
    with RoutedWriter(compat, ONE_DATASET, COMPAT) as writer:
        writer.write(frame(0))
        row = writer.write(CHANGED[kind])
        writer.write(frame(2))
    assert (row.fate, row.index, bool(row.reason)) == (Fate.REFUSED, -1, True)
    assert numbers_in(compat) == ([1, 3], [1, 3])
    assert (writer.n_received, writer.n_stored, writer.n_refused) == (3, 2, 1)


def test_a_type_of_the_same_width(tmp_path):
    signed = Frame(np.full((4, 6), -1, "i2"), 2)
    with RoutedWriter(tmp_path / "strict.h5", ONE_DATASET) as writer:
        writer.write(frame(0))
        with pytest.raises(FrameRefused, match="int16"):
            writer.write(signed)
    path = tmp_path / "compat.h5"
    with RoutedWriter(path, ONE_DATASET, COMPAT) as writer:
        writer.write(frame(0))
        assert writer.write(signed).fate is Fate.STORED
    assert numbers_in(path)[0] == [1, 65535]


@pytest.mark.parametrize("first", [Frame(np.zeros((), "u2"), 1), Frame(np.zeros(3, bool), 1)])
def test_a_first_frame_that_is_none(tmp_path, first):
    with RoutedWriter(tmp_path / "no.h5", ONE_DATASET) as writer:
        with pytest.raises(FrameRefused, match="no frame"):
            writer.write(first)
        writer.write(frame(1, color_mode=ColorMode.BAYER))
    with h5py.File(tmp_path / "no.h5") as file:
        assert file["/framepath/ledger"]["fate"].tolist() == [Fate.REFUSED, Fate.STORED]


BAD_PATHS = {
    "no folder": ("missing/x.h5", errno.ENOENT, "create the folder"),
    "under a file": ("file/x.h5", errno.ENOTDIR, "a part of it is a file"),
    "a folder": ("folder", errno.EISDIR, "file name"),
    "too long": ("x" * 300, errno.ENAMETOOLONG, "shorten"),
    "too long a path": ("y/" * 3000 + "x.h5", errno.ENAMETOOLONG, "shorten"),
}


@pytest.mark.parametrize("mode", [Mode.COMPAT, Mode.STRICT])
@pytest.mark.parametrize("kind", BAD_PATHS)
def test_a_path_that_cannot_be_made(tmp_path, kind, mode):
    name, number_, step = BAD_PATHS[kind]
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    settings = WriterSettings(mode=mode, overwrite=True)
    with RoutedWriter(tmp_path / name, ONE_DATASET, settings) as writer:
        with pytest.raises(WriteFailed) as caught:
            writer.write(frame(0))
        assert caught.value.errno == number_
        assert step in str(caught.value)
        assert not writer.is_open
        assert (writer.n_received, writer.n_refused) == (1, 1)


def test_an_existing_file(tmp_path):
    path = tmp_path / "there.h5"
    path.write_bytes(b"precious")
    writer = RoutedWriter(path, ONE_DATASET)
    with pytest.raises(WriteFailed, match="already a file"):
        writer.write(frame(0))
    writer.close()
    assert path.read_bytes() == b"precious"
    for settings in (COMPAT, WriterSettings(overwrite=True)):
        path.write_bytes(b"precious")
        with RoutedWriter(path, ONE_DATASET, settings) as writer:
            writer.write(frame(0))
        assert numbers_in(path) == ([1], [1])


@contextmanager
def file_size_limit(n_bytes):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("swmr", [False, True])
def test_a_write_that_fails(tmp_path, swmr, workers):
    path = tmp_path / "limited.h5"
    settings = WriterSettings(
        swmr=swmr,
        flush_every_frames=2,
        compression=Compression.LZ4 if workers else Compression.NONE,
        compress_workers=workers,
    )
    noise = np.random.default_rng(0).integers(0, 2**16, (9, 128, 128)).astype("u2")
    with RoutedWriter(path, ONE_DATASET, settings) as writer, file_size_limit(280_000):
        with pytest.raises(WriteFailed) as caught:
            write_all(writer, noise)
        assert caught.value.errno == errno.EFBIG
        with pytest.raises(WriteFailed, match="after a failed write"):
            writer.write(Frame(noise[0], 99))
    assert not writer.is_open
    assert writer.n_stored == writer.n_flushed == 4
    assert writer.n_refused == writer.n_received - 4
    pixels, ids = numbers_in(path, swmr=swmr)
    assert (pixels, ids) == (noise[:4, 0, 0].tolist(), [1, 2, 3, 4])


def test_the_next_file_after_a_failed_write(tmp_path):
    # libhdf5 damages its own memory when it closes a file that it cannot write: the second of
    # these files would crash the process.
    for i in range(6):
        writer = RoutedWriter(tmp_path / f"{i}.h5", ONE_DATASET, WriterSettings(swmr=i % 2 == 0))
        with file_size_limit(100_000), pytest.raises(WriteFailed):
            write_all(writer, np.ones((9, 128, 128), "u2"))
        writer.close()
    path = tmp_path / "last.h5"
    with RoutedWriter(path, ONE_DATASET) as writer:
        writer.write(frame(0))
    assert numbers_in(path) == ([1], [1])


@pytest.fixture
def small_disk(tmp_path):
    """Mount function for a file system of a few megabytes; only root may."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("optional: mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("swmr", [False, True])
def test_a_full_disk(small_disk, swmr, workers):
    path = small_disk / "full.h5"
    settings = WriterSettings(
        swmr=swmr,
        compression=Compression.LZ4 if workers else Compression.NONE,
        compress_workers=workers,
    )
    noise = np.random.default_rng(0).integers(0, 2**16, (99, 256, 256)).astype("u2")
    with RoutedWriter(path, ONE_DATASET, settings) as writer:
        with pytest.raises(WriteFailed, match="nearly full") as caught:
            write_all(writer, noise)
        assert caught.value.errno == errno.ENOSPC
    n = writer.n_stored
    assert n > 5
    assert (writer.n_received, writer.n_refused) == (n + 1, 1)
    # Not only the flushed frames: the file is complete, for every reader.
    assert numbers_in(path) == (noise[:n, 0, 0].tolist(), list(range(1, n + 1)))
    with h5py.File(path) as file:
        assert file["/framepath/ledger"]["fate"].tolist() == [Fate.STORED] * n + [Fate.REFUSED]


def test_a_read_only_file_system(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    writer = RoutedWriter(small_disk / "x.h5", ONE_DATASET)
    with pytest.raises(WriteFailed, match="Read-only") as caught:
        writer.write(frame(0))
    assert caught.value.errno == errno.EROFS
