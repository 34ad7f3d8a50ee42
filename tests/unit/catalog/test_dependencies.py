"""Dependencies are inspected once for a route, and mean what FastAPI's own inspection says."""

from __future__ import annotations

import asyncio
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Query, Security
from fastapi.dependencies import utils
from fastapi.security import SecurityScopes

from framepath.catalog import dependencies


def setting() -> str:
    return "stock"


def scoped(scopes: SecurityScopes, word: Annotated[str, Query()] = "") -> str:
    return f"{'+'.join(scopes.scopes)}:{word}"


def outer(inner: Annotated[str, Security(scoped, scopes=["inner"])]) -> str:
    return inner


@pytest.fixture
def application():
    app = FastAPI()

    @app.get("/a/{place}")
    def a(
        chosen: Annotated[str, Depends(setting)],
        one: Annotated[str, Security(scoped, scopes=["one"])],
        two: Annotated[str, Security(outer, scopes=["two"])],
    ) -> list[str]:
        return [chosen, one, two]

    app.dependency_overrides[setting] = lambda: "overridden"
    return app


def answer(application, word) -> list[str]:
    async def ask():
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.get(f"/a/x?word={word}")).json()

    return asyncio.run(ask())


@pytest.fixture
def inspections(monkeypatch):
    """Calls whose signatures FastAPI looked at, in order."""
    inspect, calls = dependencies._inspected, []

    def counting(**arguments):
        calls.append(arguments["call"])
        return inspect(**arguments)

    monkeypatch.setattr(utils, "get_dependant", counting)
    monkeypatch.setattr(dependencies, "_inspected", counting)
    monkeypatch.setattr(dependencies, "_kept", {})
    return calls


EXPECTED = ["overridden", "one:y", "two+inner:y"]


def test_fastapi_inspects_at_each_request(application, inspections):
    assert answer(application, "y") == EXPECTED
    first = len(inspections)
    assert answer(application, "y") == EXPECTED
    assert len(inspections) == 2 * first > 0, "not any more: remove framepath's remedy"


def test_remembered_answers_are_the_same(application, inspections, monkeypatch):
    monkeypatch.setattr(utils, "get_dependant", dependencies.remembered)
    assert answer(application, "y") == EXPECTED
    first = len(inspections)
    assert answer(application, "y") == EXPECTED
    assert answer(application, "z") == [text.replace("y", "z") for text in EXPECTED]
    assert len(inspections) == first
