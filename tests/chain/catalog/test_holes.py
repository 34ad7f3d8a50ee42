"""Every hole of stock Tiled is shown on a stock server, then shown to be none on ours."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

import httpx
import pytest
import tiled
from benchmarks.catalog_servers import our_server, stock_server
from tiled.client import from_uri
from tiled.client.utils import ClientError

from chain.catalog.holes import HOLES, Outcome, Place
from chain.catalog.runs import RunMaker

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "catalog.md"
FAILURES = (ClientError, httpx.HTTPError, AttributeError, PermissionError)


@contextlib.contextmanager
def place_of(server, folder: Path, **settings):
    data = folder / "data"
    data.mkdir()
    (folder / "outside").mkdir()
    with server(folder, data, **settings) as (served, _):
        catalog = from_uri(served.uri_with_key)
        yield Place(RunMaker(catalog, data), data, folder / "outside")
        catalog.context.close()


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    with place_of(stock_server, tmp_path_factory.mktemp("stock")) as place:
        yield place


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ours")
    maps = [{"ioc": "C:/detector", "server": str(folder / "data")}]
    with place_of(our_server, folder, path_maps=maps) as place:
        yield place


def outcome(hole, place) -> Outcome:
    run = hole.run(place)
    began = time.monotonic()
    try:
        return Outcome(hole.ask(run))
    except FAILURES as error:
        return Outcome(error=str(error), seconds=time.monotonic() - began)


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_a_hole(stock, ours, hole):
    found = outcome(hole, stock)
    assert hole.stock(found), (
        f"Tiled {tiled.__version__} has closed the hole {hole.name!r}: take it out of here and of "
        f"{PAGE.name}; it answers {found}"
    )
    found = outcome(hole, ours)
    assert hole.ours(found), found


def test_the_page_lists_them():
    section = PAGE.read_text().partition("## Beside stock Tiled")[2].partition("\n## ")[0]
    names = re.findall(r"(?m)^\| (.+?) \| .+ \| .+ \|$", section)[1:]
    assert names == [hole.name for hole in HOLES]
