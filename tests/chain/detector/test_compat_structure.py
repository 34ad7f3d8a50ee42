"""Files of HDF1 in compat mode, one PV recipe a row, against what the C++ plugin makes of it.

Rule numbers are those of docs/reference/layout-xml.md; the three files of the real plugin are
compared whole in test_routed_series.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import h5py
import numpy as np
import pytest

from chain.detector.hdf1_files import (
    ATTRIBUTES,
    CAPTURE,
    DATA,
    SINGLE,
    TIMES,
    Rig,
    X,
    Y,
    counted,
)
from chain.iocs import running_ioc

UNIQUE_ID = f"{ATTRIBUTES}/NDArrayUniqueId"
ENDLESS = h5py.h5s.UNLIMITED


@dataclass(frozen=True)
class Made:
    """What is asserted of a dataset: shape, greatest shape, chunk, filters."""

    shape: tuple[int, ...]
    max_shape: tuple[int, ...]
    chunk: tuple[int, ...]


@dataclass(frozen=True)
class Recipe:
    """PVs of HDF1, frames to send, and datasets as they must be then."""

    name: str
    hdf: dict = field(default_factory=dict)
    datasets: dict = field(default_factory=dict)
    n: int = 3
    cam: dict = field(default_factory=dict)


def data(*shape, most=None, chunk=None):
    return {DATA: Made(shape, most or shape, chunk or (1,) * (len(shape) - 2) + (Y, X))}


def rows(n, chunk):
    return {
        UNIQUE_ID: Made((n,), (ENDLESS,), (chunk,)),
        TIMES: Made((n, 5), (ENDLESS, ENDLESS), (chunk, 5)),
    }


MODES = [
    Recipe("stream", {}, data(3, Y, X) | rows(3, 3)),
    Recipe("lazy stream", {"LazyOpen": 1}, data(3, Y, X) | rows(3, 3)),
    Recipe("stream of one", {"NumCapture": 1}, data(1, Y, X) | rows(1, 1), n=1),
    Recipe("endless", {"NumCapture": 0}, data(3, Y, X, most=(ENDLESS, Y, X)) | rows(3, 16384)),
    Recipe("stopped", {"NumCapture": 5}, data(2, Y, X, most=(5, Y, X)) | rows(2, 5), n=2),
    Recipe("without frames", {"NumCapture": 5}, data(1, Y, X, most=(5, Y, X)), n=0),
    Recipe(
        "capture",
        {"FileWriteMode": CAPTURE},
        data(3, Y, X) | {TIMES: Made((0, 5), (ENDLESS, ENDLESS), (3, 5))},
    ),
    Recipe(
        "single",
        {"FileWriteMode": SINGLE},
        {DATA: Made((Y, X), (Y, X), (Y, X))} | rows(1, 1),
        n=1,
    ),
    Recipe("followed", {"SWMRMode": 1}, data(3, Y, X) | rows(3, 3)),
    Recipe("chosen rows", {"NDAttributeChunk": 7}, data(3, Y, X) | rows(3, 7)),
]
"""Rules 6n.3, 8 and 11.2."""

LETTERS = "NXY3456789"


def extra(n_extra, *sizes, chunk=None, most=None, n=None, **more):
    """Extra dimensions of these sizes, N first; those without a size have 1."""
    full = (*sizes, *(1,) * (n_extra + 1 - len(sizes)))
    shape = (*reversed(full), Y, X)
    settings = {f"ExtraDimSize{letter}": s for letter, s in zip(LETTERS, full, strict=False)}
    settings |= {"NumExtraDims": n_extra, **more}
    n = int(np.prod(full)) if n is None else n
    return Recipe(f"{n_extra} extra {more}", settings, data(*shape, most=most, chunk=chunk), n=n)


EXTRA = [
    *(extra(n_extra, 2, 3) for n_extra in range(1, 10)),
    extra(2, 2, 2, 2),
    extra(1, 3, 2, n=4),
    extra(1, 4, 2, chunk=(2, 1, Y, X), ExtraDimChunkX=2),
    extra(1, 4, 2, chunk=(2, 4, Y, X), ExtraDimChunkX=5, NumFramesChunks=9),
    extra(2, 2, 2, 2, chunk=(2, 1, 1, Y, X), ExtraDimChunkY=2),
]
"""Rule 11.4: (..., Y, X, N, y, x), N moves fastest, chunks of one place unless set."""


def chunked(name, chunk, n=3, **hdf):
    settings = {"ChunkSizeAuto": 0, **hdf}
    return Recipe(name, settings, data(3, Y, X, chunk=chunk), n=n)


CHUNKS = [
    chunked("by hand but not set", (1, Y, X)),
    chunked("rows and columns", (1, 6, 8), NumRowChunks=6, NumColChunks=8),
    chunked("not dividing", (1, 7, 9), NumRowChunks=7, NumColChunks=9),
    chunked("larger than the frame", (1, Y, X), NumRowChunks=99, NumColChunks=99),
    chunked("several frames", (2, Y, X), NumFramesChunks=2),
    chunked("more frames than there are", (3, Y, X), NumFramesChunks=9),
    chunked("automatic wins", (1, Y, X), ChunkSizeAuto=1, NumRowChunks=6, ChunkSize2=2),
    Recipe(
        "colour",
        {"ChunkSizeAuto": 0, "NumColChunks": 2, "NumRowChunks": 16, "ChunkSize2": 12},
        {DATA: Made((3, Y, X, 3), (3, Y, X, 3), (1, 12, 16, 2))},
        cam={"ColorMode": "RGB1"},
    ),
    Recipe(
        "colour, automatic",
        {},
        {DATA: Made((3, 3, Y, X), (3, 3, Y, X), (1, 3, Y, X))},
        cam={"ColorMode": "RGB3"},
    ),
]
"""Rule 11.3: columns are the frame's fastest axis, rows the next, ChunkSize2 the third."""

RECIPES = [*MODES, *EXTRA, *CHUNKS]


@pytest.fixture(scope="module")
def ioc():
    with running_ioc("--size", f"{Y}x{X}") as running:
        yield running


@pytest.fixture
def rig(ioc):
    return Rig(ioc)


def made(dataset):
    space = dataset.id.get_space()
    most = space.get_simple_extent_dims(maxdims=True)
    return Made(dataset.shape, tuple(ENDLESS if m < 0 else m for m in most), dataset.chunks)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_datasets_have_the_real_plugins_shapes_and_chunks(rig, tmp_path, recipe):
    rig.prepare(tmp_path, **recipe.hdf)
    rig.cam.put_all(**recipe.cam)
    rig.take(1)
    path = rig.file(recipe.n)
    with h5py.File(path) as file:
        assert {address: made(file[address]) for address in recipe.datasets} == recipe.datasets
        assert counted(file[DATA], recipe.n) == list(range(1, recipe.n + 1))
        assert file["/entry/instrument/detector/data"] == file[DATA]
