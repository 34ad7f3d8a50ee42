"""``framepath documents``: deliver documents that a session kept because no catalog took them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from framepath.errors import CatalogError, MissingExtra, SettingsError


@click.group("documents")
def command() -> None:
    """Look after Bluesky documents that wait in journals."""


@command.command("replay")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--catalog", help="Address of the container that takes runs, e.g. http://127.0.0.1:8000."
)
@click.option("--profile", help="Tiled profile that leads there, instead of an address.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome of each file as JSON.")
def replay(
    files: tuple[Path, ...], catalog: str | None, profile: str | None, as_json: bool
) -> None:
    """Deliver the run of each journal FILE; a run that the catalog has already is left alone.

    A half-delivered run is replaced. The key is taken from the address (?api_key=...) or from
    FRAMEPATH_API_KEY. The files stay.
    """
    if (catalog is None) == (profile is None):
        raise SettingsError(
            "which catalog?",
            expected="--catalog ADDRESS or --profile NAME",
            where="documents replay",
        )
    try:
        from framepath.acquire.documents.replay import open_catalog, replay_file
    except ImportError as error:
        raise MissingExtra(
            "replaying documents needs packages that are not installed",
            found=error.name,
            next_step="pip install 'framepath[acquire]'",
        ) from error
    outcomes = []
    with open_catalog(catalog, profile) as client:
        for path in files:
            try:
                outcome = replay_file(client, path)
            except CatalogError as error:
                outcome = {"file": str(path), "outcome": "failed", "reason": str(error)}
            outcomes.append(outcome)
            if not as_json:
                click.echo(" ".join(str(value) for value in outcome.values()))
    if as_json:
        click.echo(json.dumps({"journals": outcomes}, indent=2))
    if any(outcome["outcome"] == "failed" for outcome in outcomes):
        sys.exit(1)
