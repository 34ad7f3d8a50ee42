"""Requests that nobody would make: never a 5xx, never a byte from outside the data folder."""

from __future__ import annotations

import contextlib
from pathlib import Path

import h5py
import httpx
import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import basic_indices

from chain.catalog.runs import FRAME_SHAPE, frames, write_eiger, write_stack
from conftest import count
from framepath.catalog.probe import Probe
from framepath.catalog.register import register
from framepath.files import Folders
from framepath.spec.serving import FRAMES_ROUTE, HANDLE_HEADER, HANDLE_ROUTE

SECRET = b"\xc5\xec"
"""What every pixel outside the data folder is: no pixel inside has this value."""

READING = (
    "/api/v1/array/full/{path}",
    "/api/v1/array/block/{path}",
    "/api/v1/container/full/{path}",
    "/api/v1/node/full/{path}",
    "/api/v1/metadata/{path}",
    "/api/v1/search/{path}",
    "/api/v1/distinct/{path}",
    "/api/v1/asset/bytes/{path}",
    "/api/v1/asset/manifest/{path}",
    "/zarr/v2/{path}/.zarray",
    "/zarr/v2/{path}",
    "/zarr/v3/{path}/zarr.json",
    "/zarr/v3/{path}/c/{block}",
    "/custom/framepath/health/{path}",
    "/custom/framepath/handle/{path}",
)


@pytest.fixture(scope="module")
def nodes(runs, catalog, data_folder, tmp_path_factory):
    """Paths of nodes: sound ones, and some that lead outside or to nothing."""
    secret = tmp_path_factory.mktemp("outside") / "secret.h5"
    pixels = np.full((10, *FRAME_SHAPE), int.from_bytes(SECRET, "little"), "<u2")
    with h5py.File(secret, "w") as file:
        file["entry/data/data"] = pixels
    with h5py.File(data_folder / "hostile links.h5", "w") as file:
        file["entry/data/data"] = h5py.ExternalLink(str(secret), "/entry/data/data")
        file["inside"] = frames(3)
        file.create_dataset("raw", (10, *FRAME_SHAPE), "u2", external=[(str(secret), 0, 960)])
        file["circle"] = h5py.SoftLink("/circle")
        file["text"] = ["a", "bé"]
        file["compound"] = np.zeros(3, [("a", "i4"), ("b", "f8")])
    (data_folder / "hostile symlink.h5").symlink_to(secret)
    plain = write_stack(data_folder / "hostile plain.h5")
    everywhere, links = Folders((Path("/"),)), [data_folder / "hostile links.h5"]
    with contextlib.closing(Probe(everywhere)) as probe:
        found = list(register(catalog, links, data_folder.parent, everywhere, probe))
    assert all(result.error is None for result in found), found
    made = [
        (plain, {}),
        (plain, {"shape": (1, *FRAME_SHAPE)}),
        (plain, {"n": 5, "shape": (2, *FRAME_SHAPE)}),
        (write_eiger(data_folder, "hostile"), {"dataset": "/entry/data"}),
        (data_folder / "hostile links.h5", {}),
        (data_folder / "hostile links.h5", {"dataset": "/raw"}),
        (data_folder / "hostile symlink.h5", {}),
        (data_folder / "hostile nothing.h5", {}),
        (secret, {}),
    ]
    paths = [f"{runs.add(path, **how).start['uid']}/primary/eiger2_image" for path, how in made]
    whole = f"files/{data_folder.name}/hostile links/hdf5"
    paths += [whole, *(f"{whole}/{name}" for name in ("entry/data/data", "inside", "raw", "text"))]
    return [*paths, paths[0].partition("/")[0], f"{whole}/circle", f"{whole}/compound", "files", ""]


@pytest.fixture(scope="module")
def client(served):
    with httpx.Client(
        base_url=served.uri, headers={"Authorization": f"Apikey {served.api_key}"}, timeout=60
    ) as client:
        yield client


@pytest.fixture(scope="module")
def schema(client):
    return schemathesis.openapi.from_dict(client.get("/openapi.json").json())


def judge(answer: httpx.Response) -> None:
    assert answer.status_code < 500, (answer.request.url, answer.text)
    assert SECRET * 8 not in answer.content, answer.request.url
    assert str(int.from_bytes(SECRET, "little")) not in answer.text, answer.request.url


@pytest.mark.parametrize("route", READING)
def test_any_request_is_answered(client, schema, nodes, route):
    case_of = schema[route]["GET"].as_strategy()

    @given(case=case_of, node=st.sampled_from(nodes) | st.none())
    @settings(
        max_examples=count(12, 400),
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    def ask(case, node):
        if node is not None:
            case.path_parameters["path"] = node
        sent = case.as_transport_kwargs(base_url=str(client.base_url))
        headers = {
            k: v for k, v in (sent.get("headers") or {}).items() if k.lower() != "authorization"
        }
        judge(client.get(sent["url"], params=sent.get("params"), headers=headers))

    ask()


@pytest.fixture(scope="module")
def images(catalog, nodes):
    return catalog[nodes[0].partition("/")[0]].primary["eiger2_image"]


@pytest.fixture(scope="module")
def handle(client, nodes):
    return client.get(f"{HANDLE_ROUTE}/{nodes[0]}").json()["handle"]


@given(
    text=st.text(max_size=12) | st.from_regex(r"[-0-9:,. ]{1,20}", fullmatch=True),
    headers=st.dictionaries(
        st.sampled_from([HANDLE_HEADER, "Authorization", "Cookie", "Range", "Accept-Encoding"]),
        # What an HTTP client can send at all.
        st.binary(max_size=20).map(lambda v: bytes(b for b in v if b >= 32 and b != 127).strip()),
    ),
)
@settings(max_examples=count(60, 2000), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_slice_and_header_is_answered(client, handle, text, headers):
    sent = {HANDLE_HEADER: handle.encode(), **headers}
    judge(client.get(FRAMES_ROUTE, params={"slice": text}, headers=sent))


@given(
    key=basic_indices((10, *FRAME_SHAPE), allow_newaxis=False),
    route=st.sampled_from(["ours", "tiled"]),
)
@settings(max_examples=count(60, 1000), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_slice_over_http_is_that_of_numpy(images, key, route):
    expected = frames(10)[key]
    pixels = images[key] if route == "ours" else super(type(images), images).read(key)
    assert pixels.shape == expected.shape
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize(
    "credentials",
    [
        {"params": {"api_key": "sch\u00fcssel"}},
        {"headers": {"Authorization": "Apikey sch\u00fcssel".encode()}},
        {"headers": {"Cookie": "tiled_api_key=sch\u00fcssel".encode()}},
    ],
)
def test_a_key_that_is_not_ascii_is_refused(served, nodes, credentials):
    answer = httpx.get(f"{served.uri}/api/v1/metadata/{nodes[0]}", **credentials)
    assert answer.status_code == 401


def test_a_structure_that_is_out_of_date_is_no_failure_of_the_server(client, nodes):
    for query in ("expected_shape=3,6,8", "slice=0:0&expected_shape=1"):
        answer = client.get(f"/api/v1/array/full/{nodes[0]}?{query}")
        assert answer.status_code == 422, answer.text
    assert client.get(f"/api/v1/array/full/{nodes[0]}?slice=0:0").content == b""
