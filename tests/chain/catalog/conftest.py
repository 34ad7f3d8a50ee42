"""One served catalog for all tests of the folder, and runs written into it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from chain.catalog.runs import RunMaker
from framepath.processes import Child
from framepath.spec.serving import SHARED_FILES_VARIABLE, Served


@pytest.fixture(autouse=True)
def _pixels_come_by_http(monkeypatch):
    """What is tested here is the server; `test_shared_files` takes this back."""
    monkeypatch.setenv(SHARED_FILES_VARIABLE, "no")


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory) -> Path:
    """The only folder with image files that the server may read."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory) -> Path:
    """What other hosts call the data folder; nothing lies there on this one."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="session")
def served(tmp_path_factory, data_folder, elsewhere):
    """A running ``framepath serve``."""
    settings = tmp_path_factory.mktemp("settings") / "framepath.yml"
    settings.write_text(
        "serve:\n"
        f"  folder: {tmp_path_factory.mktemp('catalog')}\n"
        f"  data: [{data_folder}]\n"
        "  path_maps:\n"
        f"    - {{ioc: 'C:/detector', server: {data_folder}, here: {elsewhere}}}\n"
    )
    command = [sys.executable, "-m", "framepath", "serve", "--settings", settings]
    with Child.start(command, name="framepath serve") as child:
        yield Served.from_ready_line(child.wait_ready(120))
        assert child.exit_code is None, child.tail


@pytest.fixture(scope="session")
def catalog(served):
    from tiled.client import from_uri

    catalog = from_uri(served.uri_with_key)
    yield catalog
    catalog.context.close()


@pytest.fixture(scope="session")
def runs(catalog, data_folder) -> RunMaker:
    return RunMaker(catalog, data_folder)
