"""Code on documentation pages: it compiles, its commands exist, and some test runs it."""

from __future__ import annotations

import ast
import re
import shlex

import click
import h5py
import numpy as np
import pytest

from doc_pages import REPOSITORY, blocks, follow, pages
from framepath.cli import cli

RUN_HERE = ["reference/codecs.md", "reference/eiger-files.md", "reference/hdf5-writer.md"]

RUN_ELSEWHERE = {
    "../README.md": "chain/demo/test_kept_demo.py",
    "how-to/add-to-your-session.md": "chain/acquire/test_apsbits.py",
    "how-to/detector-in-ci.md": "chain/detector/test_in_ci.py",
    "how-to/replay-a-scan.md": "docs/test_snippets.py",
    "how-to/serve-a-folder.md": "chain/catalog/test_pages.py",
    "how-to/start-a-session.md": "chain/session/test_session.py",
    "how-to/take-images-darks-flats.md": "chain/acquire/test_pages.py",
    "reference/devices.md": "chain/acquire/test_pages.py",
    "reference/documents.md": "chain/acquire/test_pages.py",
    "reference/plans.md": "chain/acquire/test_pages.py",
    "reference/reading.md": "docs/test_snippets.py",
    "reference/scenes.md": "docs/test_snippets.py",
    "tutorials/images-darks-flats.md": "chain/acquire/test_lessons_frame_types.py",
    "tutorials/mixed-sequences.md": "chain/acquire/test_lessons_frame_types.py",
    "tutorials/visualize-hdf5-files.md": "chain/acquire/test_lesson_visualize.py",
}
"""Which test follows a page that has Python on it."""

PYTHON = [
    pytest.param(block, id=f"{page}:{block.line}")
    for page in pages()
    for block in blocks(page)
    if block.language == "python"
]


@pytest.mark.parametrize("block", PYTHON)
def test_what_a_page_imports_from_framepath_is_there(block):
    tree = ast.parse(block.source())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("framepath"):
            if node.module == "framepath.session":  # connects to what framepath.yml names
                continue
            exec(compile(ast.Module([node], []), "page", "exec"), {})


def test_every_page_with_python_on_it_is_followed_by_a_test():
    with_python = {p for p in pages() if any(b.language == "python" for b in blocks(p))}
    assert with_python == {*RUN_HERE, *RUN_ELSEWHERE}
    for page, test in RUN_ELSEWHERE.items():
        name = page.removeprefix("../")
        assert name in (REPOSITORY / "tests" / test).read_text(), f"{test} does not follow {name}"


CALL = re.compile(r"(?:^|[\s/$])framepath ([a-z]+\b.*)$")


def command_lines():
    """Every ``framepath ...`` line of a shell block, options across lines joined."""
    for page in pages():
        for block in blocks(page):
            if block.language not in ("", "console", "sh", "bash", "shell"):
                continue
            for line in block.text.replace("\\\n", " ").splitlines():
                called = CALL.search(line)
                if called and " ready " not in line:
                    yield pytest.param(called[1], id=f"{page}:{line.strip()[:60]}")


@pytest.mark.parametrize("line", list(command_lines()))
def test_commands_on_pages_exist_with_their_options(line):
    words = shlex.split(line.rstrip("& "))
    command, path = cli, ["framepath"]
    while isinstance(command, click.Group):
        path.append(words.pop(0))
        command = command.get_command(click.Context(command), path[-1])
        assert command is not None, " ".join(path)
    command.make_parser(click.Context(command)).parse_args(words)


@pytest.mark.parametrize("page", RUN_HERE)
def test_pages_without_servers(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    follow(page, tmp_path, {})


def test_the_page_on_scenes(tmp_path):
    made = follow("reference/scenes.md", tmp_path, {})
    assert made["image"].shape == (514, 1030)
    assert made["frame_index"](made["dark"]) == 1


@pytest.fixture
def scan(tmp_path):
    """A file as the page on reading has it: 200 frames whose pixels are their index."""
    path = tmp_path / "scan_0042.h5"
    with h5py.File(path, "w") as file:
        stack = np.arange(200, dtype="u2")[:, None, None] + np.zeros((300, 500), "u2")
        file.create_dataset("entry/data/data", data=stack, chunks=(1, 300, 500))
    return path


def test_the_page_on_reading(scan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = follow("reference/reading.md", tmp_path, {"/data": str(tmp_path)})
    assert made["block"].shape == (50, 300, 500)
    assert made["block"][0, 0, 0] == 150
    made["frames"].close()


def test_the_page_on_replaying_a_scan(scan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = follow("how-to/replay-a-scan.md", tmp_path, {"scan.nxs": str(scan)})
    assert made["open_recording"]
