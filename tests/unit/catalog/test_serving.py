"""The ready line, the key's file, and file URIs of other hosts."""

from __future__ import annotations

import stat

import pytest

from framepath.catalog.embedded import prepare
from framepath.catalog.failures import FAILURES, place, status_and_hop
from framepath.catalog.uris import path_of_uri
from framepath.config.settings import ServeSettings
from framepath.errors import CatalogError, FramepathError, SettingsError
from framepath.spec.serving import Served


def test_the_ready_line_comes_back():
    served = Served("http://127.0.0.1:4711", "abc123")
    assert Served.from_ready_line(served.ready_line) == served
    assert Served.from_ready_line(f"log: {served.ready_line} .\n") == served


@pytest.mark.parametrize(
    "line", ["", "ready", "http://127.0.0.1:1/?api_key=a", "ready at http://x"]
)
def test_other_lines_are_refused(line):
    with pytest.raises(ValueError, match="ready line"):
        Served.from_ready_line(line)


def test_the_key_is_kept_and_private(tmp_path):
    settings = ServeSettings(folder=tmp_path / "new")
    key = prepare(settings).api_key
    assert prepare(settings).api_key == key
    assert key.isalnum()
    assert stat.S_IMODE((tmp_path / "new" / "api_key").stat().st_mode) == 0o600


def test_a_data_folder_must_exist(tmp_path):
    with pytest.raises(SettingsError, match="nowhere"):
        prepare(ServeSettings(folder=tmp_path, data=[tmp_path / "nowhere"]))


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///data/x.h5", "/data/x.h5"),
        ("file://localhost/data/a%20b/%C3%BC.h5", "/data/a b/ü.h5"),
        ("file://detpc/C:/data/x.h5", "C:/data/x.h5"),
    ],
)
def test_paths_of_uris(uri, path):
    assert path_of_uri(uri) == path


def test_other_schemes_are_refused():
    with pytest.raises(CatalogError, match="s3://"):
        path_of_uri("s3://bucket/x.h5")


def test_no_failure_is_repeated_or_loses_its_text():
    # Tiled's client repeats 429 and 500 up, and drops the text of 410.
    for kind, status, _ in FAILURES:
        assert 400 <= status < 500, kind
        assert status not in (401, 404, 410, 429), kind
    assert status_and_hop(FramepathError("x"))[1] == "reading"


def test_the_run_is_named():
    assert place("uid/primary/det") == "run uid, primary/det"
    assert place("uid") == "node uid"
