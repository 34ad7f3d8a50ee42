"""File names by C's printf, checked."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framepath.detector.plugins.file_names import (
    create_folder,
    folder,
    folder_exists,
    full_name,
)
from framepath.errors import SettingsError

_LIBC = ctypes.CDLL(None)


def by_c(template: str, path: str, name: str, number: int) -> str:
    buffer = ctypes.create_string_buffer(4096)
    _LIBC.snprintf(buffer, 4096, template.encode(), path.encode(), name.encode(), number)
    return buffer.value.decode()


flags = st.sampled_from(["", "-", "0", "+", " ", "+0", "-0", "0-"])
width = st.sampled_from(["", "1", "6", "30"])
precision = st.sampled_from(["", ".", ".0", ".3", ".12"])
text = st.builds("%{}{}{}s".format, st.sampled_from(["", "-"]), width, precision)
number = st.builds("%{}{}{}{}".format, flags, width, precision, st.sampled_from("dixXou"))
between = st.text(alphabet="ab_/. ", max_size=3) | st.just("%%")
template = st.builds(
    "".join,
    st.tuples(between, text, between, text, between, number, between),
)


@given(template, st.integers(-(2**31), 2**31 - 1))
def test_names_are_those_of_c(template, number):
    assert full_name(template, "/data/", "scan", number) == by_c(template, "/data/", "scan", number)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("%s%s_%3.3d.h5", "/d/scan_007.h5"),
        ("%s/%s.h5", "/d//scan.h5"),
        ("%s%s_%6.6d.h5", "/d/scan_000007.h5"),
        ("fixed.h5", "fixed.h5"),
    ],
)
def test_usual_templates(template, expected):
    assert full_name(template, "/d/", "scan", 7) == expected


@pytest.mark.parametrize(
    "template",
    ["%s%s_%s.h5", "%s%s_%d%d", "%n%s", "%d", "%*d", "%s%s%", "%s%s%f", "%999s%s", "%s%s%.9999d"],
)
def test_a_template_that_would_read_foreign_memory_is_refused(template):
    with pytest.raises(SettingsError, match="file template cannot be used"):
        full_name(template, "/d/", "scan", 7)


@pytest.mark.parametrize(
    ("depth", "made"),
    [(0, False), (-1, False), (-2, True), (-5, True)],
)
def test_only_so_many_folders_are_made(tmp_path, depth, made):
    wanted = tmp_path / "new" / "sub"
    create_folder(str(wanted), depth)
    assert wanted.is_dir() is made


def test_a_positive_depth_counts_from_the_root(tmp_path):
    n_there = len(tmp_path.parts) - 1
    create_folder(str(tmp_path / "a"), n_there + 1)
    assert not (tmp_path / "a").exists()
    create_folder(str(tmp_path / "a" / "b"), n_there)
    assert (tmp_path / "a" / "b").is_dir()


def test_paths_are_shown_with_a_slash(tmp_path):
    assert folder("/data") == folder("/data/") == "/data/"
    assert folder("") == ""
    assert folder_exists(str(tmp_path))
    assert folder_exists("")
    assert not folder_exists(str(tmp_path / "none"))
