#!/usr/bin/env python3
"""Write docs/reference/commands.md from the commands themselves: `make docs`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from framepath.cli import COMMANDS, cli

PAGE = Path(__file__).parent.parent / "docs/reference/commands.md"
HEAD = """# Commands

Exit status of every command: 0 good, 1 a fault was found, 2 the command was used wrongly.
Errors are one line on stderr. This page is generated from the commands (`make docs`).
"""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command and subcommand with its full name, in alphabetical order."""
    context = click.Context(cli)
    for name in sorted(COMMANDS):
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", c) for sub, c in sorted(command.commands.items()))


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_section(name, command) for name, command in commands())


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"framepath {name}")
    usage = " ".join(command.collect_usage_pieces(context))
    text = inspect.cleandoc(command.help or "").replace("\b\n", "")
    rows = "".join(_row(p, context) for p in command.params if isinstance(p, click.Option))
    table = f"\n| option | default | meaning |\n|---|---|---|\n{rows}" if rows else ""
    return f"\n## `framepath {name}`\n\n    framepath {name} {usage}\n\n{text}\n{table}"


def _row(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{n}`" for n in (*option.opts, *option.secondary_opts))
    metavar = option.make_metavar(context).replace("|", "\\|").replace("[", "\\[")
    value = "" if option.is_flag else f" {metavar}"
    shown = option.default is not None and not callable(option.default) and not option.is_flag
    default = f"`{option.default}`" if shown and option.default not in ("", ()) else ""
    if "UNSET" in default.upper():
        default = ""
    meaning = " ".join((option.help or "").split())
    return f"| {names}{value} | {default} | {meaning} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
