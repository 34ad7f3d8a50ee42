"""Without the key nothing is read or written, by any route that the server says it has."""

from __future__ import annotations

import httpx
import pytest

from chain.catalog.runs import FRAME_SHAPE, write_stack

OPEN = {"/", "/healthz", "/ui/{path}", "/tiled-ui-settings", "/api/v1/"}
"""What tells nothing of the catalog: pages, their settings, and which server this is."""

GRAPH = "/api/graphql"
CHUNK = {"{path:path}": "{path}", "{block:path}": "0/0/0", "{block}": "0/0/0"}


@pytest.fixture(scope="module")
def node(runs, data_folder):
    run = runs.add(write_stack(data_folder / "without key.h5"))
    return f"{run.start['uid']}/primary/eiger2_image"


@pytest.fixture(scope="module")
def operations(served):
    paths = httpx.get(f"{served.uri}/openapi.json").json()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


def url_of(path: str, node: str) -> str:
    for placeholder, value in CHUNK.items():
        path = path.replace(placeholder, value)
    return path.replace("{path}", node)


def test_every_route_asks_for_the_key(served, operations, node):
    asked = [(method, path) for method, path in operations if path not in {*OPEN, GRAPH}]
    assert len(asked) > 40
    for method, path in asked:
        for wrong in ({}, {"Authorization": "Apikey 00"}, {"Authorization": "Bearer 00"}):
            url = served.uri + url_of(path, node)
            answer = httpx.request(method, url, params={"id": 1}, headers=wrong)
            assert answer.status_code == 401, (method, path, wrong, answer.text)


@pytest.mark.parametrize("query", ["{entities(limit: 10) {id}}", "{namespaces {prefix}}"])
def test_the_graph_is_empty_without_the_key(served, query):
    answer = httpx.post(served.uri + GRAPH, json={"query": query})
    assert not any(answer.json()["data"].values())


@pytest.mark.parametrize("place", ["{node}/0.0.0", "{node}/.zarray", "{run}", "", "files"])
def test_zarrs_routes_ask_too(served, node, place):
    path = place.format(node=node, run=node.partition("/")[0])
    url = f"{served.uri}/zarr/v2/{path}"
    assert httpx.get(url).status_code == 401
    mine = {"Authorization": f"Apikey {served.api_key}"}
    assert httpx.get(url, headers=mine).status_code in (200, 404)
    assert httpx.get(url, params={"api_key": served.api_key}).status_code in (200, 404)
    assert httpx.get(url, cookies={"tiled_api_key": served.api_key}).status_code in (200, 404)


def test_a_zarr_client_reads_the_frames(served, node):
    import asyncio

    import numpy as np
    import zarr
    from zarr.core.buffer import default_buffer_prototype
    from zarr.storage import MemoryStore

    from chain.catalog.runs import frames

    mine = {"Authorization": f"Apikey {served.api_key}"}
    names = [".zarray", ".zattrs", *(f"{n}.0.0" for n in range(10))]

    async def fetched():
        store = MemoryStore()
        for name in names:
            answer = httpx.get(f"{served.uri}/zarr/v2/{node}/{name}", headers=mine)
            assert answer.status_code == 200, answer.text
            await store.set(name, default_buffer_prototype().buffer.from_bytes(answer.content))
        return store

    array = zarr.open_array(asyncio.run(fetched()), mode="r", zarr_format=2)
    assert array.shape == (10, *FRAME_SHAPE)
    np.testing.assert_array_equal(array[:], frames(10))
    newer = httpx.get(f"{served.uri}/zarr/v3/{node}/c/3/0/0", headers=mine)
    assert newer.status_code == 200, newer.text
