"""A database that does not answer is named, without its password, before anything is served."""

from __future__ import annotations

import re
import socket

import pytest

from framepath.catalog.databases import check_stream_cache, check_tables, initialise
from framepath.errors import SettingsError


@pytest.fixture
def nobody():
    """A port that is ours and that nobody answers."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"user:hidden@127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.parametrize(
    ("check", "scheme", "field"),
    [
        (initialise, "postgresql", "serve.catalog_uri"),
        (check_tables, "postgresql", "serve.storage_uri"),
        (check_stream_cache, "redis", "serve.stream_uri"),
    ],
)
def test_a_server_that_is_down_is_named(nobody, check, scheme, field):
    with pytest.raises(SettingsError, match=field) as caught:
        check(f"{scheme}://{nobody}/0")
    assert "hidden" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize("password", ["hid@den", "hid/den", "hid:den", "hid#den", "h@i:d/d@en"])
@pytest.mark.parametrize("check", [initialise, check_tables])
def test_a_password_with_signs_of_addresses_is_not_told(nobody, check, password):
    with pytest.raises(SettingsError, match="%40") as caught:
        check(f"postgresql://{nobody.replace('hidden', password)}/0")
    told = str(caught.value).partition("at serve")[2].partition(". Next")[0]
    assert not {"hid", "den", "d@en", "i:d"} & set(re.split(r"[/@:*]", told)), told
    assert "***@127.0.0.1" in told


def test_an_address_of_something_else_is_named():
    with pytest.raises(SettingsError, match=r"serve\.stream_uri"):
        check_stream_cache("http://127.0.0.1")


def test_files_and_memory_need_nobody(tmp_path):
    check_tables(f"duckdb:///{tmp_path / 'tables.duckdb'}")
    check_stream_cache("memory")
