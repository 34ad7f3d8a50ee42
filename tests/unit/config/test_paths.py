import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from framepath.config.paths import PathMap, is_windows_path, names_of, translated

MAP = PathMap(ioc="X:\\data", here="/mnt/data", server="/srv/data")


@pytest.mark.parametrize(
    ("path", "to", "expected"),
    [
        ("X:\\data\\run 1\\a.h5", "here", "/mnt/data/run 1/a.h5"),
        ("x:/DATA/a.h5", "here", "/mnt/data/a.h5"),
        ("X:\\data", "here", "/mnt/data"),
        ("X:\\database\\a.h5", "here", None),
        ("/srv/data/a.h5", "here", "/mnt/data/a.h5"),
        ("/mnt/data/a.h5", "here", None),
        ("/mnt/data/a.h5", "server", "/srv/data/a.h5"),
        ("/mnt/data/run/ß.h5", "ioc", "X:\\data\\run\\ß.h5"),
        ("/mnt/data2/a.h5", "ioc", None),
        ("a.h5", "here", None),
        ("", "here", None),
    ],
)
def test_translate(path, to, expected):
    assert MAP.translate(path, to) == expected


def test_the_first_map_that_knows_a_path_wins():
    maps = [PathMap(ioc="/a/b", here="/one"), PathMap(ioc="/a", here="/two")]
    assert translated("/a/b/c", maps) == "/one/c"
    assert translated("/a/c", maps) == "/two/c"
    assert translated("/z", maps) is None


@pytest.mark.parametrize("path", ["X:\\data\\%Y", "/mnt/data/%Y", "/srv/data/%Y"])
def test_every_name_of_a_path_in_any_spelling(path):
    names = names_of(path, [PathMap(ioc="/a", here="/one"), MAP])
    assert names == {"ioc": "X:\\data\\%Y", "here": "/mnt/data/%Y", "server": "/srv/data/%Y"}
    assert names_of("/elsewhere", [MAP]) is None
    assert names_of("/a/b", [PathMap(ioc="/a", here="/one")]) == {"ioc": "/a/b", "here": "/one/b"}


def test_a_share_is_a_windows_path():
    share = PathMap(ioc="\\\\nas\\data", here="/mnt")
    assert is_windows_path("\\\\nas\\data\\a.h5")
    assert share.translate("\\\\NAS\\data\\a.h5") == "/mnt/a.h5"
    assert not is_windows_path("relative\\name.h5")


def test_a_map_needs_two_names():
    with pytest.raises(ValidationError, match="at least two"):
        PathMap(here="/mnt")
    with pytest.raises(ValidationError, match="Extra inputs"):
        PathMap(ioc="/a", here="/b", there="/c")  # type: ignore[call-arg]


@given(st.lists(st.text("abc .ß", min_size=1).filter(lambda s: s.strip(".")), max_size=4))
def test_there_and_back(parts):
    path = "/".join(["/mnt/data", *parts])
    there = MAP.translate(path, "ioc")
    assert there is not None
    assert MAP.translate(there, "here") == path
