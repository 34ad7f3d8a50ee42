"""``framepath lint``: check a layout XML, and an attributes XML with it."""

from __future__ import annotations

import json
import sys
from collections import Counter

import click
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from framepath.layout.failures import SourceUnreadable
from framepath.layout.lint.run import lint
from framepath.layout.lint.subject import parse_frame_types
from framepath.spec.findings import Finding, Severity

_XML_FILE = click.Path(exists=True, dir_okay=False, readable=True)
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


@click.command()
@click.argument("layout", type=_XML_FILE, metavar="LAYOUT.xml")
@click.option("--attributes", type=_XML_FILE, help="NDAttributes XML of the camera.")
@click.option("--macros", default="", help='NDAttributesMacros, e.g. "P=13SIM1:,R=cam1:".')
@click.option(
    "--frame-types",
    help="Texts the routing PV can have, separated by commas or blanks, with or without the mbbo "
    'state: "0=/entry/data/data,1=/entry/data/dark".',
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    layout: str, attributes: str | None, macros: str, frame_types: str | None, as_json: bool
) -> None:
    """Say where a layout XML would lose or misplace frames, before the first is taken.

    Exit status: 0 clean (notes do not count), 1 errors or warnings, 2 used wrongly.
    """
    types = parse_frame_types(frame_types) if frame_types is not None else None
    try:
        findings = lint(layout, attributes, macros, types)
    except SourceUnreadable as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        report = {"layout": layout, "attributes": attributes}
        click.echo(json.dumps({**report, "findings": [f.as_json() for f in findings]}, indent=2))
    else:
        _print(findings, layout)
    sys.exit(int(any(found.severity is not Severity.NOTE for found in findings)))


def _print(findings: tuple[Finding, ...], layout: str) -> None:
    """One line a finding for programs, a coloured block a finding for a terminal."""
    console = Console(highlight=False)
    for found in findings:
        if console.is_terminal:
            _print_block(console, found)
        else:
            click.echo(str(found))
    counts = Counter(found.severity for found in findings)
    totals = ", ".join(f"{counts[severity]} {severity}(s)" for severity in Severity)
    click.echo(f"{layout}: {totals}" if findings else f"{layout}: clean")


def _print_block(console: Console, found: Finding) -> None:
    place = ":".join(str(p) for p in (found.where, found.line, found.column) if p is not None)
    console.print(
        Text.assemble(
            (place, "bold"), "  ", (found.severity, _STYLES[found.severity]), f"  {found.rule}"
        )
    )
    rows = Table.grid(padding=(0, 2))
    for label, text in (
        ("found", found.found),
        ("expected", found.expected),
        ("the C++ plugin", found.effect),
        ("do", found.next_step),
    ):
        rows.add_row(Text(label, style="dim"), Text(text))
    console.print(Padding(rows, (0, 0, 1, 4)))
