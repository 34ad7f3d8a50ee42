"""Which catalog a session means, and what is told when there is none."""

from __future__ import annotations

import pytest

from framepath.config.settings import SessionSettings
from framepath.errors import SettingsError
from framepath.session import catalogs


@pytest.fixture(autouse=True)
def _no_profile(monkeypatch):
    monkeypatch.delenv(catalogs.PROFILE_VARIABLE, raising=False)


def test_none_is_configured():
    connection = catalogs.connect(SessionSettings())
    assert connection.catalog is None
    assert not connection.is_configured
    assert "set session.catalog" in connection.why


def test_a_server_that_is_down_is_told_with_its_address_and_no_key():
    settings = SessionSettings(catalog="http://127.0.0.1:9/?api_key=secret")
    connection = catalogs.connect(settings)
    assert connection.catalog is None
    assert connection.is_configured
    assert "http://127.0.0.1:9" in connection.why
    assert "journals" in connection.why
    assert "secret" not in connection.why


@pytest.mark.parametrize(
    "fields", [{"catalog": "127.0.0.1:8000"}, {"catalog": "http://@/"}, {"profile": "no-such"}]
)
def test_an_address_that_is_none(fields):
    with pytest.raises(SettingsError, match="the catalog cannot be used") as raised:
        catalogs.connect(SessionSettings(**fields))
    assert next(iter(fields.values())) in str(raised.value)
