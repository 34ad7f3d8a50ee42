"""Frames of a running run: told of at once, fetched on a handle, grown in place."""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import sys

import numpy as np
import pytest
from tiled.client import from_uri
from tiled.utils import safe_json_dump

from chain.catalog.runs import FRAME_SHAPE, GrowingRun, frames, write_stack
from framepath.processes import Child
from framepath.spec.serving import Served

KEY = "eiger2_image"
PIXELS = {"Accept": "application/octet-stream"}

# Tiled 0.2.20 uses websockets in a way that its newest version warns of.
pytestmark = pytest.mark.filterwarnings("ignore:connect.. must be used as a context manager")


@pytest.fixture
def growing(catalog, data_folder, request):
    """A run with one frame that goes on."""
    path = data_folder / f"{request.node.name}.h5"
    with contextlib.closing(GrowingRun(catalog, path, KEY)) as run:
        run.add_frame()
        yield run


@pytest.fixture
def told(catalog, growing):
    """What a subscriber to the growing run is told."""
    updates: queue.Queue = queue.Queue()
    subscription = catalog[growing.uid].primary[KEY].subscribe()
    subscription.new_data.add_callback(updates.put)
    subscription.start_in_thread(1)
    yield updates
    subscription.disconnect()


def came_through_tiled(answer) -> bool:
    """Whether Tiled itself answered: it tells how long it took."""
    return "server-timing" in answer.headers


def test_a_reference_needs_no_second_way_through_tiled(catalog, growing, told):
    told.get(timeout=30)
    for index in range(1, 4):
        growing.add_frame()
        update = told.get(timeout=30)
        answer = catalog.context.http_client.get(update.uri, headers=PIXELS)
        assert answer.status_code == 200, answer.text
        assert not came_through_tiled(answer)
        pixels = np.frombuffer(answer.content, "<u2").reshape(update.patch.shape)
        np.testing.assert_array_equal(pixels.reshape(FRAME_SHAPE), frames(4)[index])
        np.testing.assert_array_equal(update.data(), pixels)


@pytest.mark.parametrize(
    "change",
    [
        lambda uri: uri.partition("&handle=")[0],
        lambda uri: uri.replace("&handle=", "&handle=x"),
        lambda uri: f"{uri}&format=application/octet-stream",
    ],
)
def test_without_its_handle_tiled_answers_a_reference(catalog, told, change):
    uri = told.get(timeout=30).uri
    answer = catalog.context.http_client.get(change(uri), headers=PIXELS)
    assert came_through_tiled(answer)
    np.testing.assert_array_equal(
        np.frombuffer(answer.content, "<u2").reshape(FRAME_SHAPE), frames(1)[0]
    )


def test_a_handle_is_no_key(catalog, told):
    import httpx

    uri = told.get(timeout=30).uri
    assert httpx.get(uri, headers=PIXELS).status_code == 401
    other = {**PIXELS, "Authorization": "Apikey " + "0" * 64}
    assert httpx.get(uri, headers=other).status_code == 401


def test_a_handle_reads_its_own_node_only(catalog, runs, data_folder, told):
    path = write_stack(data_folder / "not_of_the_reference.h5")
    other = runs.add(path, n=10).primary
    uri = told.get(timeout=30).uri
    handle = uri.partition("&")[2]
    url = other[KEY].uri.replace("/metadata/", "/array/full/")
    answer = catalog.context.http_client.get(f"{url}?slice=5:6,0:6,0:8&{handle}", headers=PIXELS)
    assert came_through_tiled(answer)
    np.testing.assert_array_equal(
        np.frombuffer(answer.content, "<u2").reshape(FRAME_SHAPE), frames(10)[5]
    )


def test_what_is_gone_is_told_by_tiled(catalog, data_folder, growing, told, request):
    update = told.get(timeout=30)
    (data_folder / f"{request.node.name}.h5").unlink()
    answer = catalog.context.http_client.get(update.uri, headers=PIXELS)
    assert answer.status_code == 424
    assert growing.uid in answer.json()["detail"]


def put(node, source):
    url = node.uri.replace("/metadata/", "/data_source/")
    content = safe_json_dump({"data_source": source})
    return node.context.http_client.put(url, content=content)


def source_of(node):
    (source,) = node.include_data_sources().data_sources()
    return source


def longer(source, n):
    shape, chunks = source.structure["shape"], source.structure["chunks"]
    grown = {"shape": [n, *shape[1:]], "chunks": [[1] * n, *chunks[1:]]}
    return dataclasses.replace(source, structure={**source.structure, **grown})


def test_more_than_growth_is_stored_too(catalog, growing):
    node = catalog[growing.uid].primary[KEY]
    source = source_of(node)
    more = dataclasses.replace(source.assets[0], data_uri=source.assets[0].data_uri + ".2", num=1)
    changed = dataclasses.replace(longer(source, 2), assets=[*source.assets, more])
    assert put(node, changed).status_code == 200
    stored = source_of(catalog[growing.uid].primary[KEY])
    assert [asset.data_uri for asset in stored.assets] == [a.data_uri for a in changed.assets]
    assert stored.structure["shape"][0] == 2
    renamed = dataclasses.replace(longer(stored, 3), parameters={"dataset": "/entry/other"})
    assert put(node, renamed).status_code == 200
    again = source_of(catalog[growing.uid].primary[KEY])
    assert (again.parameters, again.structure["shape"][0]) == ({"dataset": "/entry/other"}, 3)


def test_a_data_source_that_is_not_there_does_not_grow(catalog, growing):
    node = catalog[growing.uid].primary[KEY]
    source = source_of(node)
    assert put(node, dataclasses.replace(longer(source, 9), id=2**30)).status_code == 404
    assert source_of(catalog[growing.uid].primary[KEY]).structure["shape"][0] == 1


@pytest.mark.parametrize("path", ["a/b", "/".join("abcdefghijklmnopqrstuvwxyz")])
def test_a_path_that_leads_nowhere(catalog, path):
    url = f"{str(catalog.context.api_uri).rstrip('/')}/metadata/{path}"
    assert catalog.context.http_client.get(url).status_code == 404


ANOTHER_TILED = """
from framepath.catalog import shortcuts
shortcuts.ARE_TAKEN = False
from framepath.cli import main
main()
"""


def test_with_another_tiled_its_own_ways_are_taken(tmp_path):
    settings = tmp_path / "framepath.yml"
    settings.write_text(f"serve:\n  folder: {tmp_path / 'catalog'}\n  data: [{tmp_path}]\n")
    command = [sys.executable, "-c", ANOTHER_TILED, "serve", "--settings", settings]
    updates: queue.Queue = queue.Queue()
    with Child.start(command, name="framepath serve") as child:
        served = Served.from_ready_line(child.wait_ready(120))
        catalog = from_uri(served.uri_with_key)
        with (
            contextlib.closing(catalog.context),
            contextlib.closing(GrowingRun(catalog, tmp_path / "frames.h5", KEY)) as run,
        ):
            run.add_frame()
            subscription = catalog[run.uid].primary[KEY].subscribe()
            subscription.new_data.add_callback(updates.put)
            subscription.start_in_thread(1)
            run.add_frame()
            told = [updates.get(timeout=60) for _ in range(2)]
            subscription.disconnect()
            for index, update in enumerate(told):
                assert "handle=" not in str(update.uri)
                np.testing.assert_array_equal(update.data().reshape(FRAME_SHAPE), frames(2)[index])
            np.testing.assert_array_equal(catalog[run.uid].primary[KEY][:], frames(2))
