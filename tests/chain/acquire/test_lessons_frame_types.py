"""The lesson on images, darks and flats, followed word for word."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from chain.iocs import running_ioc
from doc_pages import follow


@pytest.fixture(scope="module")
def lesson_ioc():
    """An IOC nobody has configured, as a reader finds it."""
    with running_ioc() as ioc:
        yield ioc


@pytest.fixture
def place(lesson_ioc, tmp_path):
    """What stands for the lesson's prefix and folder."""
    return tmp_path, {
        "13SIM1:": lesson_ioc.prefix,
        "/tmp/simdet": str(tmp_path),
        '"tmp/simdet': f'"{str(tmp_path).lstrip("/")}',
    }


def test_images_darks_and_flats(place, capsys):
    folder, instead = place
    made = follow("tutorials/images-darks-flats.md", folder, instead)
    printed = capsys.readouterr().out
    assert "Attributes file OK" in printed
    assert "Yes" in printed
    path = made["path"]
    assert path.startswith(str(folder))
    assert path.removeprefix(str(folder)).count("/") == 4  # the year, the month, the day
    with h5py.File(path) as file:
        assert [len(file[address]) for address in made["PLACES"]] == [4, 3, 2]
        destinations = list(file["/entry/instrument/NDAttributes/SaveDest"].asstr()[:])
        ids = file["/entry/instrument/NDAttributes/NDArrayUniqueId"][:]
    assert destinations == [
        p for p, n in zip(made["PLACES"], (4, 3, 2), strict=True) for _ in range(n)
    ]
    assert np.all(np.diff(ids) == 1)
    simdet = made["simdet"]
    assert simdet.hdf1.file_write_mode.get(as_string=True) == "Single"
    assert simdet.cam.frame_type.get() == 0


def test_mixed_sequences_streamed_and_compressed(place, capsys):
    folder, instead = place
    made = follow("tutorials/mixed-sequences.md", folder, instead)
    assert "gzip" in capsys.readouterr().out
    image, dark, white = made["ENTRY"]
    with h5py.File(made["mixed"]) as file:
        assert [len(file[a]) for a in made["ENTRY"]] == [6, 3, 2]
        assert {file[a].compression for a in made["ENTRY"]} == {"gzip"}
        places = list(file["/entry/instrument/NDAttributes/HDF5FrameLocation"].asstr()[:])
        ids = file["/entry/instrument/NDAttributes/NDArrayUniqueId"][:]
    assert places == [image] + 2 * [white] + 3 * [dark] + 5 * [image]
    assert np.all(np.diff(ids) == 1)
    with h5py.File(made["exchange"]) as file:
        assert [len(file[a]) for a in made["EXCHANGE"]] == [4, 2, 2]
        assert "entry" not in file
