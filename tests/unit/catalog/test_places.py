"""Every file gets a place of its own, in names that an address can hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framepath.catalog.places import key_of, roots_apart
from framepath.errors import CatalogError


@pytest.mark.parametrize("name", ["scan 1.h5", "Übung.nxs", "日本.h5", "5%Ni.h5", "a+b&c=d;e:f.h5"])
def test_names_stay_as_they_are(name):
    assert key_of(name) == name


def test_what_an_address_misreads_is_replaced_and_marked():
    assert key_of("sample#3.h5").startswith("sample_3~")
    assert key_of("sample#3.h5").endswith(".h5")
    keys = {
        key_of(name) for name in ("a#b.h5", "a?b.h5", "a_b.h5", "a\nb.h5", "a%41b.h5", "aAb.h5")
    }
    assert len(keys) == 6
    assert not set("#?\n") & set("".join(keys))


@given(st.text(min_size=1))
def test_a_key_is_its_own_key(name):
    try:
        key = key_of(name)
    except CatalogError:
        return
    assert key_of(key) == key


def test_a_name_that_is_not_utf8_is_refused():
    with pytest.raises(CatalogError, match="a name in UTF-8"):
        key_of(os.fsdecode(b"\xfc.h5"))


@pytest.mark.parametrize(
    ("folders", "roots"),
    [
        (["/a/raw"], ["/a"]),
        (["/a/raw", "/b/raw", "/c/d"], ["/", "/", "/c"]),
        (["/a/raw", "/a/raw/old"], ["/a", "/a/raw"]),
        (["/", "/raw"], ["/", "/"]),
        (["/x/a/raw", "/y/a/raw", "/y/b/raw"], ["/", "/", "/y"]),
    ],
)
def test_folders_of_one_name_are_kept_apart(folders, roots):
    known = list(map(Path, folders))
    found = roots_apart(known)
    assert list(map(str, found)) == roots
    assert len(
        {folder.relative_to(root) for folder, root in zip(known, found, strict=True)}
    ) == len(known)
