"""``framepath register``: add existing HDF5 files to a catalog."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track


@click.command("register")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--to",
    "address",
    envvar="FRAMEPATH_CATALOG",
    required=True,
    help="Address with key as `framepath serve` prints it; or set FRAMEPATH_CATALOG.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(paths: tuple[Path, ...], address: str, as_json: bool) -> None:
    """Add HDF5 files, masters and whole folders of them; what did not change is left alone.

    Exit status: 0 all are in the catalog, 1 some could not be read, 2 used wrongly.
    """
    from framepath.catalog.clients.connect import connect
    from framepath.catalog.probe import Probe
    from framepath.catalog.register import found_files, register
    from framepath.files import Folders

    console = Console(stderr=True)
    results = []
    # What the server may read is for the server to say.
    folders = Folders((Path("/"),))
    trees = [(path, found_files(path)) for path in (given.absolute() for given in paths)]
    with closing(Probe(folders)) as probe, connect(address) as catalog:
        for path, files in trees:
            # A file goes where registering its folder would put it.
            root = path.parent if path.is_dir() else path.parent.parent
            results += track(
                register(catalog, files, root, folders, probe),
                description=str(path),
                total=len(files),
                console=console,
                disable=not console.is_terminal,
            )
    failed = [result for result in results if result.error]
    if as_json:
        rows = [
            {"path": str(r.path), "state": r.state, "error": str(r.error or "")} for r in results
        ]
        click.echo(json.dumps({"files": rows}, indent=2))
    else:
        for result in failed:
            click.echo(f"{result.path}: {result.error}", err=True)
        states = [result.state for result in results]
        counted = ("added", "changed", "unchanged", "failed")
        click.echo(", ".join(f"{states.count(state)} {state}" for state in counted))
    sys.exit(int(bool(failed)))
