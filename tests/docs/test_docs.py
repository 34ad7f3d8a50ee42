"""The documentation follows the code: links resolve, commands and options have their lines."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import click
import pytest

REPOSITORY = Path(__file__).parent.parent.parent
PAGES = sorted(
    path
    for path in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    if ".venv" not in path.parts
)
RECORDS = sorted((REPOSITORY / "docs/explanation/decisions").glob("0*.md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_links_between_pages_resolve(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    targets = [
        t for t in LINK.findall(text) if not t.startswith(("http://", "https://", "mailto:"))
    ]
    missing = [t for t in targets if not (page.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize("record", RECORDS, ids=lambda p: p.stem)
def test_decision_records_are_short_and_have_a_status(record):
    text = record.read_text()
    assert 30 <= len(text.splitlines()) <= 80
    assert "\nStatus: " in text
    for heading in ("## Context", "## Decision", "## Consequences"):
        assert heading in text, heading
    assert record.name in (record.parent / "README.md").read_text()


def generator(name):
    """A script of the repository that writes a page."""
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["commands_page", "errors_page"])
def test_generated_pages_are_up_to_date(name):
    made = generator(name)
    assert made.PAGE.read_text() == made.page(), "run: make docs"


def test_every_command_and_option_says_what_it_does():
    for name, command in generator("commands_page").commands():
        assert command.help, name
        for option in command.params:
            assert isinstance(option, click.Argument) or option.help, f"{name} {option.name}"
