"""Handles: only ours, only for whom they were made, only for a while."""

from __future__ import annotations

import dataclasses
import time

import pytest

from framepath.catalog.handle import Handle, digest, secret_of

SECRET = secret_of("key")
ME = digest({"authorization": "Apikey key"}, {})


@pytest.fixture
def handle():
    return Handle("uid/x", ("/a.h5",), "/entry", (3, 4, 5), "<u2", ME, time.time() + 50)


def test_it_comes_back(handle):
    assert Handle.verified(handle.signed(SECRET), SECRET, ME) == handle


def test_another_secret_does_not_make_one(handle):
    assert Handle.verified(handle.signed(secret_of("other")), SECRET, ME) is None


def test_other_credentials_cannot_use_it(handle):
    assert Handle.verified(handle.signed(SECRET), SECRET, digest({}, {})) is None


def test_it_ends(handle):
    old = dataclasses.replace(handle, until=time.time() - 1)
    assert Handle.verified(old.signed(SECRET), SECRET, ME) is None


@pytest.mark.parametrize("text", ["", ".", "a.b", "ü.ü", "." * 100])
def test_what_is_no_handle(text):
    assert Handle.verified(text, SECRET, ME) is None


def test_any_changed_character_is_noticed(handle):
    text = handle.signed(SECRET)
    for at in range(0, len(text), 7):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        assert Handle.verified(changed, SECRET, ME) is None


def test_every_way_to_say_the_key_counts():
    ways = [
        digest({"authorization": "Apikey a"}, {}),
        digest({}, {"api_key": "a"}),
        digest({"cookie": "tiled_csrf=x; tiled_api_key=a"}, {}),
        digest({}, {}),
    ]
    assert len(set(ways)) == len(ways)
    assert digest({"cookie": "tiled_csrf=x"}, {}) == digest({"cookie": "tiled_csrf=y"}, {})
