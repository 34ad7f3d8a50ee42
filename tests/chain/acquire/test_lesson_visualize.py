"""The lesson on a photon counter's files, followed word for word."""

from __future__ import annotations

import re

import h5py
import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from chain.iocs import running_ioc
from doc_pages import follow


@pytest.fixture
def place(served, files_folder):
    folder = files_folder / "visualize"
    folder.mkdir()
    mpl.use("agg")
    with running_ioc(kind="eiger") as ioc:
        yield (
            folder,
            {
                "dp_eiger_sn:": ioc.prefix,
                "/tmp/eiger": str(folder),
                "http://127.0.0.1:8000/?api_key=secret": served.uri_with_key,
            },
        )
    plt.close("all")


# apstools 1.7.12 leaves a file of its own package open when it is imported.
@pytest.mark.filterwarnings("ignore:.*aps_cycle_info:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:.*aps_cycle_info:ResourceWarning")
def test_visualize_hdf5_files(place, capsys):
    folder, instead = place
    made = follow("tutorials/visualize-hdf5-files.md", folder, instead)
    printed = capsys.readouterr().out
    (keys,) = re.findall(r"^\[(.*eiger2_image.*)\]$", printed, re.M)
    assert set(keys.split(", ")) == {"'seq_num'", "'time'", "'eiger2_image'"}
    assert made["images"].shape == (10, 514, 1030)
    assert made["frame"].shape == (514, 1030)
    assert "the catalog and the file agree: True" in printed
    assert (folder / "frame.png").stat().st_size > 10_000
    names = []
    with h5py.File(made["master"]) as file:
        file.visit(names.append)
    assert not any("data_00000" in name for name in names)
    assert (folder / "hdf1").is_dir()
    made["writer"].close()
    made["cat"].context.close()
