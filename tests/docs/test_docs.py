"""The documentation follows the code: links resolve, commands and options have their lines."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from framepath.cli import COMMANDS, cli

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


def _commands() -> list[tuple[str, click.Command]]:
    context = click.Context(cli)
    found = []
    for name in sorted(COMMANDS):
        command = cli.get_command(context, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {sub}", c) for sub, c in sorted(command.commands.items())]
    return found


def test_every_command_and_option_is_in_the_reference():
    page = (REPOSITORY / "docs/reference/commands.md").read_text()
    missing = []
    for name, command in _commands():
        heading = f"## `framepath {name}`"
        if heading not in page:
            missing.append(heading)
            continue
        section = page.split(heading, 1)[1].split("\n## ", 1)[0]
        for parameter in command.params:
            names = (
                parameter.opts if isinstance(parameter, click.Option) else [parameter.name.upper()]
            )
            if not any(n in section for n in names):
                missing.append(f"{name}: {'/'.join(names)}")
    assert not missing


def test_every_command_of_the_table_can_be_imported_and_says_what_it_does():
    for name, command in _commands():
        assert command.help, name
