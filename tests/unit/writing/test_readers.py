"""Programs of other people open our files."""

from __future__ import annotations

import subprocess

import hdf5plugin  # noqa: F401  (registers the filters that the readers need)
import numpy as np
import pytest

from framepath.layout.model import Mode
from framepath.writing import Compression, RoutedWriter, WriterSettings
from unit.writing.recipes import routed_series
from unit.writing.test_structure import NEXUS, scan

KINDS = {
    "compat": WriterSettings(mode=Mode.COMPAT, num_capture=6),
    "strict": WriterSettings(),
    "swmr": WriterSettings(swmr=True),
    "bslz4": WriterSettings(swmr=True, compression=Compression.BSLZ4),
}


@pytest.fixture(params=KINDS)
def written(request, tmp_path):
    path = tmp_path / f"{request.param}.h5"
    with RoutedWriter(path, NEXUS, KINDS[request.param]) as writer:
        for one in scan(6):
            writer.write(one)
    return path


def test_silx(written):
    silx_io = pytest.importorskip("silx.io")
    with silx_io.open(str(written)) as file:
        np.testing.assert_array_equal(file["/entry/data/data"][:, 0, 0], [1, 3, 5])
        assert file["/entry/instrument/detector/data"].shape == (3, 4, 6)
        assert file["/entry"].attrs["NX_class"] in (b"NXentry", "NXentry")


def test_nexusformat(written):
    nexus = pytest.importorskip("nexusformat.nexus")
    root = nexus.nxload(str(written))
    try:
        assert root.entry.nxclass == "NXentry"
        signal = root.entry.data.nxsignal
        assert signal.shape == (3, 4, 6)
        np.testing.assert_array_equal(np.asarray(signal.nxvalue)[:, 0, 0], [1, 3, 5])
    finally:
        root.nxfile.close()


def test_h5dump_shows_the_whole_structure(written, program):
    shown = subprocess.run(
        [program("h5dump"), "-H", written], capture_output=True, text=True, check=True
    )
    for word in ("SaveDest", "NDArrayUniqueId", "timestamp", "HARDLINK", '"dark"'):
        assert word in shown.stdout
    assert not shown.stderr


def test_h5dump_reads_attribute_rows(tmp_path, program):
    path = tmp_path / "rows.h5"
    with RoutedWriter(path, NEXUS, WriterSettings(swmr=True)) as writer:
        for one in list(routed_series(4))[::3]:
            writer.write(one)
    address = "/entry/instrument/NDAttributes/SaveDest"
    shown = subprocess.run(
        [program("h5dump"), "-d", address, path], capture_output=True, text=True, check=True
    )
    assert shown.stdout.count('"/entry/data/data"') == 2
