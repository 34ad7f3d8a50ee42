"""What travels: nothing before it is needed, and then no more than what was asked for."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from tiled.client import from_uri

from chain.catalog.runs import frames, write_stack

SHAPE = (64, 80)
FRAME = 2 * SHAPE[0] * SHAPE[1]
N = 30
HANDLE = 1000
"""Bytes that opening a node takes, at most."""


@pytest.fixture(scope="module")
def uid(runs, data_folder):
    path = data_folder / "lazy.h5"
    write_stack(path, N, shape=SHAPE)
    return runs.add(path, n=N, shape=SHAPE).start["uid"]


@contextlib.contextmanager
def answers(catalog):
    """Sizes of the answers that arrive meanwhile, bytes."""
    sizes = []
    client = catalog.context.http_client
    hooks = client.event_hooks
    note = lambda answer: sizes.append(int(answer.headers.get("content-length", 0)))  # noqa: E731
    client.event_hooks = {**hooks, "response": [*hooks["response"], note]}
    yield sizes
    client.event_hooks = hooks


def test_one_frame_is_all_that_travels(catalog, uid):
    images = catalog[uid].primary["eiger2_image"]
    images[0]
    with answers(catalog) as sizes:
        images[5]
    (size,) = sizes
    assert size <= FRAME


def test_a_stream_is_read_without_its_images(catalog, uid, monkeypatch):
    monkeypatch.setattr("framepath.catalog.clients.frame_stack.DASK_CHUNK_BYTES", 10 * FRAME)
    run = catalog[uid]
    with answers(catalog) as sizes:
        dataset = run.primary.read()
        dataset._repr_html_()
        dataset["motor"].values
        table = dataset[["motor"]].to_pandas()
    assert len(table) == N
    assert sum(sizes) < 2 * FRAME, "30 frames are 30 times that"
    images = dataset["eiger2_image"]
    assert images.shape == (N, *SHAPE)
    for part, most in (
        (images.isel(time=5), 1),
        (images[2:4], 2),
        (images.data.blocks[1], 10),
        (images[:, 3:5, 4:6], 0.5),
    ):
        with answers(catalog) as sizes:
            part.compute()
        assert sum(sizes) < most * FRAME + HANDLE, part.shape


KEYS = [
    np.s_[[1, 5, 19]], np.s_[5:30:7, ::2, 3], np.s_[:, [3, 1], 5:7], np.s_[-1], np.s_[::-3, 4],
    np.s_[np.arange(N) < 3], np.s_[np.array([], int)],
]  # fmt: skip


def test_dask_reads_as_numpy_does(catalog, uid, monkeypatch):
    monkeypatch.setattr("framepath.catalog.clients.frame_stack.DASK_CHUNK_BYTES", 10 * FRAME)
    images = catalog[uid].primary["eiger2_image"].dask
    for key in KEYS:
        np.testing.assert_array_equal(images[key].compute(), frames(N, SHAPE)[key])


def test_a_catalog_of_dask_arrays(served, uid):
    catalog = from_uri(served.uri_with_key, structure_clients="dask")
    images = catalog[uid].primary["eiger2_image"]
    with answers(catalog) as sizes:
        one, whole = images[3], images.read()
    assert not sizes
    with answers(catalog) as sizes:
        np.testing.assert_array_equal(one.compute(), frames(N, SHAPE)[3])
    assert sum(sizes) < 2 * FRAME
    assert whole.shape == (N, *SHAPE)
    assert catalog[uid].primary.read()["eiger2_image"].chunks is not None
    catalog.context.close()
