"""``run.files()``: where the data of a run are, as each host spells it."""

from __future__ import annotations

from pathlib import Path

import bluesky.plans as bp
import h5py
import pytest

from chain.acquire.test_document_writer import writer  # noqa: F401 (a fixture)
from chain.acquire.test_eiger import eiger2, eiger_ioc  # noqa: F401 (fixtures)
from framepath.acquire import PathMap, configure_routing, frame_series, with_ledger


@pytest.fixture
def elsewhere(make_det, files_folder):
    """A detector whose IOC has another name for the folder, as on another machine."""
    here, on_ioc = files_folder / "mapped", files_folder / "as-the-ioc-sees-it"
    here.mkdir()
    on_ioc.symlink_to(here)
    det = make_det(files=PathMap(ioc=str(on_ioc), here=str(here), server=str(here)))
    configure_routing(det)
    det.cam.acquire_time.put(0.001)
    det.cam.frame_type.put(0)
    return det, str(here), str(on_ioc)


def test_two_streams_with_one_file(RE, elsewhere, catalog, writer):  # noqa: F811
    det, here, on_ioc = elsewhere
    (uid,) = RE(frame_series(det, images=3, darks=2))
    writer.wait()
    files = {file.stream: file for file in catalog[uid].files()}
    assert set(files) == {"primary", "dark"}
    (path,) = {file.here for file in files.values()}
    assert path.startswith(f"{here}/")
    with h5py.File(path) as opened:
        assert len(opened[files["primary"].dataset]) == 3
        assert len(opened[files["dark"].dataset]) == 2
    for file in files.values():
        assert file.key == f"{det.name}_image"
        assert file.on_ioc == path.replace(here, on_ioc)
        assert file.on_server == path
        assert file.exists
    Path(path).unlink()
    assert not any(file.exists for file in catalog[uid].files())


def test_columns_and_motors_are_not_files(RE, det, catalog, writer):  # noqa: F811
    det.columns = ["NDArrayUniqueId"]
    (uid,) = RE(bp.count([det], num=2))  # without a ledger in the run
    writer.wait()
    (file,) = catalog[uid].files()
    assert (file.stream, file.key, file.on_ioc) == ("primary", f"{det.name}_image", "")
    assert file.here == file.on_server == det.ledger[0].file


def test_an_eiger_s_count(RE, eiger2, catalog, writer):  # noqa: F811
    (uid,) = RE(with_ledger(bp.count([eiger2], num=10)))
    writer.wait()
    run = catalog[uid]
    assert run.primary["eiger2_image"].shape == (10, 514, 1030)
    (file,) = run.files()
    assert (file.dataset, file.exists) == ("/entry/data", True)
    assert file.on_ioc == file.here == eiger2.ledger[0].file
    assert file.here.endswith("_master.h5")
