"""A folder under every host's name for it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framepath.acquire.devices.folders import FileFolder
from framepath.config.paths import PathMap
from framepath.errors import SettingsError, StagingError

WHEN = datetime(2026, 3, 4, 5, 6)


def test_one_path_for_all_hosts():
    folder = FileFolder.of("/data/simdet")
    assert folder.on_ioc(WHEN) == "/data/simdet"
    assert folder.here("/data/simdet/a.h5") == Path("/data/simdet/a.h5")
    assert folder.on_server(Path("/data/simdet/a.h5")) == "/data/simdet/a.h5"


@pytest.mark.parametrize(
    ("files", "on_ioc"),
    [
        ("/data/%Y/%m/%d", "/data/2026/03/04"),
        ("/data/%Y/%m/%d/", "/data/2026/03/04"),
        ("/%Y", "/2026"),
        ({"ioc": r"X:\det/%Y/%m", "here": "/mnt/det/%Y/%m"}, "X:\\det\\2026\\03"),
        ({"ioc": "X:\\det\\%Y\\%m\\", "here": "/mnt/det/%Y/%m"}, "X:\\det\\2026\\03"),
        ({"ioc": "\\\\nas\\det\\%Y", "here": "/mnt/det/%Y"}, "\\\\nas\\det\\2026"),
        (PathMap(ioc="/ioc/a/%Y", here="/here/a/%Y"), "/ioc/a/2026"),
    ],
)
def test_directives_follow_the_clock(files, on_ioc):
    assert FileFolder.of(files).on_ioc(WHEN) == on_ioc


def test_each_host_has_its_own_name():
    folder = FileFolder.of({"ioc": r"X:\det", "here": "/mnt/det", "server": "/srv/det"})
    here = folder.here(r"X:\det\2026\a.h5")
    assert here == Path("/mnt/det/2026/a.h5")
    assert folder.on_server(here) == "/srv/det/2026/a.h5"
    assert folder.on_ioc_of(here) == "X:\\det\\2026\\a.h5"


def test_templates_of_existing_configurations():
    folder = FileFolder.of(
        {"write_path_template": "/tmp/%Y/%m/", "read_path_template": "/mnt/iocad/tmp/%Y/%m/"}
    )
    assert folder.on_ioc(WHEN) == "/tmp/2026/03"
    assert folder.here("/tmp/2026/03/a.h5") == Path("/mnt/iocad/tmp/2026/03/a.h5")


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ("data", "absolute"),
        ("%Y/data", "absolute"),
        ({}, "unknown name"),
        ({"ioc": "/a", "their": "/b"}, "their"),
        ({"ioc": "/a/%Y", "here": "/b/%m"}, "differ"),
        ({"ioc": "/a/%Y", "here": "/b"}, "differ"),
    ],
)
def test_what_cannot_be_a_folder(files, told):
    with pytest.raises(SettingsError, match=told):
        FileFolder.of(files)


def test_a_file_elsewhere_names_all_spellings():
    folder = FileFolder.of({"ioc": "/ioc/det", "here": "/here/det", "server": "/srv/det"})
    with pytest.raises(StagingError) as raised:
        folder.here("/ioc/detector/a.h5")
    for spelling in ("/ioc/detector/a.h5", "/ioc/det", "/here/det", "/srv/det"):
        assert spelling in str(raised.value)


names = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0%:"), min_size=1).filter(
    lambda name: name not in (".", "..")
)


@given(st.lists(names, min_size=1, max_size=4))
def test_a_path_keeps_its_tail_through_every_host(parts):
    folder = FileFolder.of({"ioc": "/ioc", "here": "/here", "server": "/server"})
    tail = "/".join(parts)
    here = folder.here(f"/ioc/{tail}")
    assert str(here) == f"/here/{tail}"
    assert folder.on_server(here) == f"/server/{tail}"
    assert folder.on_ioc_of(here) == f"/ioc/{tail}"
