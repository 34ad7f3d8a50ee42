"""``framepath ledger``: account for the frames of a file, or close a file that was left open."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import click

from framepath.spec.findings import Finding, Severity

if TYPE_CHECKING:
    from framepath.files.checks.ledger import Audit


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the table.")
@click.option("--pixels", is_flag=True, help="Also compare every frame with its FrameChecksum.")
@click.option("--close", is_flag=True, help="Clear the mark that a killed writer left, then audit.")
@click.option("--force", is_flag=True, help="Close even where a live writer cannot be ruled out.")
def command(file: str, as_json: bool, pixels: bool, close: bool, force: bool) -> None:
    """Account for every frame of FILE: stored, missing, never written, or in the wrong place.

    FILE is an image file of framepath or of the C++ HDF5 plugin, or a master file. Exit status: 0
    nothing wrong, 1 something found, 2 used wrongly.
    """
    from framepath.files.checks.close import close_file
    from framepath.files.checks.ledger import audit

    if force and not close:
        raise click.UsageError("--force only goes with --close")
    if close:
        changed = close_file(file, force=force)
        text = "mark cleared; no frame was cut or added" if changed else "closed already"
        click.echo(f"{file}: {text}", err=as_json)
    result = audit(file, verify_pixels=pixels)
    click.echo(json.dumps(result.as_json()) if as_json else _text(result))
    sys.exit(0 if result.ok else 1)


def _text(result: Audit) -> str:
    header = ("destination", "type", "received", "stored", "length", "gaps")
    table = [header] + [
        (
            count.destination or "(not recorded)",
            _types_text(count.frame_types),
            "-" if count.n_received is None else str(count.n_received),
            str(count.n_stored),
            str(count.n_length),
            "-" if count.n_received is None else str(count.n_gaps),
        )
        for count in result.counts
    ]
    widths = [max(len(line[i]) for line in table) for i in range(len(header))]
    lines = [result.file]
    for line in table:
        left = [text.ljust(width) for text, width in zip(line[:2], widths[:2], strict=True)]
        right = [text.rjust(width) for text, width in zip(line[2:], widths[2:], strict=True)]
        lines.append("  " + "  ".join(left + right))
    lines.append(_summary(result))
    for finding in result.findings:
        lines += _finding_lines(finding, result.file)
    return "\n".join(lines)


def _finding_lines(finding: Finding, file: str) -> list[str]:
    # The audit names files by their real path, which for this one file says nothing new.
    place = finding.where.removeprefix(os.path.realpath(file)).removeprefix(file).removeprefix(":")
    lines = [f"{finding.severity} [{finding.rule}]" + (f" {place}" if place else "")]
    for label in ("found", "expected", "effect", "next_step"):
        lines.append(f"  {label.replace('_step', '') + ':':10}{getattr(finding, label)}")
    return lines


def _types_text(frame_types: dict[str, int]) -> str:
    if len(frame_types) > 1:
        return ", ".join(f"{n} {name}" for name, n in frame_types.items())
    return next(iter(frame_types), "-")


def _summary(result: Audit) -> str:
    ids = [row.unique_id for row in result.rows if row.unique_id >= 0]
    parts = [f"{result.n_complete} complete frames"]
    if ids:
        parts.append(
            f"ids {min(ids)}-{max(ids)}, {result.n_missing_ids} missing, "
            f"{result.n_repeated_ids} repeated"
        )
    if result.n_checksums:
        parts.append(f"{result.n_checksums} checksums compared")
    faults = sum(f.severity != Severity.NOTE for f in result.findings)
    parts.append(f"{faults} finding{'s' * (faults != 1)}" if faults else "nothing wrong")
    return "; ".join(parts)
