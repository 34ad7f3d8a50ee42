"""Runs of ophyd and ophyd-async through the stock TiledWriter: read, and failing, the same way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bluesky.plans as bp
import h5py
import numpy as np
import pytest
from bluesky import RunEngine
from bluesky_tiled_plugins import TiledWriter
from ophyd import ADComponent
from tiled.client.utils import ClientError

from chain.detector.ophyd_classes import OneFrameAPoint, small_detector

N_POINTS = 3

OPHYD_ASYNC = """
import asyncio, sys
from pathlib import Path
from bluesky import RunEngine, plans as bp
from bluesky_tiled_plugins import TiledWriter
from ophyd_async.core import StaticPathProvider, UUIDFilenameProvider, init_devices
from ophyd_async.epics.adcore import ADWriterFactory
from ophyd_async.epics.adsimdetector import SimDetector
from tiled.client import from_uri

prefix, folder, address, n_points = sys.argv[1:]

async def connected():
    provider = StaticPathProvider(UUIDFilenameProvider(), Path(folder))
    async with init_devices(timeout=60):
        det = SimDetector(prefix, ADWriterFactory.hdf(provider), name="det")
    await det.driver.acquire_time.set(0.005)
    return det

RE = RunEngine({})
from bluesky.run_engine import call_in_bluesky_event_loop
det = call_in_bluesky_event_loop(connected())
RE.subscribe(TiledWriter(from_uri(address)))
print(RE(bp.count([det], int(n_points)))[0])
"""


def by_ophyd_async(ioc, folder: Path, served, catalog) -> tuple[str, str]:
    arguments = [ioc.prefix, str(folder), served.uri_with_key, str(N_POINTS)]
    done = subprocess.run(
        [sys.executable, "-c", OPHYD_ASYNC, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1], "det"


def by_ophyd(ioc, folder: Path, served, catalog) -> tuple[str, str]:
    stores = ADComponent(OneFrameAPoint, "HDF1:", write_path_template=f"{folder}/")
    det = small_detector(ioc.prefix, "stock", {"hdf1": stores})
    engine = RunEngine({})
    engine.subscribe(TiledWriter(catalog))
    (uid,) = engine(bp.count([det], N_POINTS))
    return uid, "stock_image"


@pytest.mark.parametrize("writer", [by_ophyd, by_ophyd_async], ids=lambda writer: writer.__name__)
def test_a_run_of_others(sim_ioc, served, catalog, data_folder, writer):
    folder = data_folder / writer.__name__
    folder.mkdir()
    uid, key = writer(sim_ioc, folder, served, catalog)
    run = catalog[uid]
    (path,) = folder.rglob("*.h5")
    with h5py.File(path) as file:
        stored = file["/entry/data/data"][()]
    stored = stored.reshape(-1, *stored.shape[-2:])
    assert len(stored) == N_POINTS
    images = run.primary[key]
    assert images.shape == stored.shape
    assert images.dtype == stored.dtype
    np.testing.assert_array_equal(images[:], stored)
    np.testing.assert_array_equal(images[1], stored[1])
    assert run.health() == []
    path.unlink()
    with pytest.raises(ClientError, match=path.name) as caught:
        images[0]
    assert uid in str(caught.value)
    assert "hop 'file'" in str(caught.value)
    (finding,) = run.health()
    assert path.name in finding.found + finding.where
