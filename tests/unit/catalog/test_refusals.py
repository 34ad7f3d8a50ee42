"""What is refused is what a request itself says; a fault of the server stays one."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI, HTTPException

from framepath.catalog import refusals


@pytest.fixture
def application():
    app = FastAPI()

    @app.get("/api/v1/array/full/{path:path}")
    async def array(path: str) -> None:
        if path == "stale":
            raise HTTPException(500, "The shape expected ...")
        raise ValueError("a fault of ours")

    @app.get("/zarr/v2/{path:path}")
    async def zarr(path: str) -> None:
        raise HTTPException(500, "a fault of ours")

    @app.get("/{path:path}")
    async def other(path: str) -> str:
        return "fine"

    refusals.install(app)
    return refusals.Answerable(app)


def answer(application, url, **params) -> httpx.Response:
    async def ask():
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(url, params=params)

    return asyncio.run(ask())


@pytest.mark.parametrize("url", ["/api/v1/array/full/a", "/zarr/v2/a"])
def test_a_fault_of_ours_stays_one(application, url):
    assert answer(application, url).status_code == 500


def test_a_stale_structure_is_the_clients(application):
    assert answer(application, "/api/v1/array/full/stale").status_code == 422


@pytest.mark.parametrize(
    ("url", "params", "reason"),
    [
        ("/api/v1/asset/bytes/a", {"id": 2**31}, "id"),
        ("/api/v1/asset/bytes/a", {"id": "-" + "9" * 40}, "id"),
        ("/api/v1/search/", {"page[offset]": "9" * 19}, "page[offset]"),
        ("/api/v1/distinct/", {"filter[eq][condition][key]": "a"}, "filter[eq] lacks value"),
        ("/api/v1/search/", {"filter[access_tags_filter][condition][tags]": ""}, "tags"),
        ("/api/v1/search/", {"filter[keys_filter][condition][keys]": "[[1]]"}, "list of texts"),
        ("/zarr/v3/a/b/c/x", {}, "'x'"),
        ("/zarr/v3/a/b/c/0/%0A1", {}, "chunk"),
        ("/zarr/v3/a/b/c/٣", {}, "chunk"),
        ("/api/v1/array/full/a", {"filename": "☃.tiff"}, "filename"),
        ("/api/v1/search/", {"filter[eq][condition][value]": "nojson"}, "in quotes"),
        ("/api/v1/search/", {"filter[noteq][condition][value]": "{}"}, "in quotes"),
        ("/api/v1/search/", {"filter[in][condition][value]": "1"}, "a list"),
        ("/api/v1/search/", {"filter[specs][condition][include]": "x"}, "a list"),
        ("/api/v1/search/", {"filter[fulltext][condition][text]": "\0"}, "NUL"),
        ("/api/v1/distinct/", {"metadata": "a\0"}, "NUL"),
        ("/api/v1/array/full/a", {"filename": "a\r\nX-Other: b"}, "filename"),
    ],
)
def test_what_a_request_has_wrong_is_told(application, url, params, reason):
    refused = answer(application, url, **params)
    assert refused.status_code == 400
    assert reason in refused.json()["detail"]


@pytest.mark.parametrize(
    ("url", "params"),
    [
        ("/api/v1/asset/bytes/a", {"id": 2**31 - 1}),
        ("/api/v1/asset/bytes/a", {"id": "none"}),
        ("/zarr/v3/a/c/0/0/12", {}),
        ("/zarr/v3/a/c/0", {}),
        (
            "/api/v1/search/",
            {"filter[eq][condition][value]": '"a"', "filter[eq][condition][key]": "b"},
        ),
        (
            "/api/v1/search/",
            {"filter[in][condition][value]": "[1, 2]", "filter[in][condition][key]": "b"},
        ),
        ("/api/v1/other", {"filename": "Übung 1.tiff"}),
    ],
)
def test_the_rest_is_passed_on(application, url, params):
    assert answer(application, url, **params).status_code == 200
