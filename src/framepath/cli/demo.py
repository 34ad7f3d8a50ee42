"""``framepath demo``: the whole chain on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console


@click.command("demo")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default="demo-output",
    show_default=True,
    help="Folder for frames, catalog and pictures.",
)
@click.option("--keep", is_flag=True, help="Leave the servers up afterwards, until Ctrl-C.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Play this recorded scan: NXtomo, Data Exchange or any HDF5 stack.",
)
@click.option("--replay-address", default="", help="HDF5 address of the frames in it.")
@click.option(
    "--replay-frames",
    type=click.IntRange(min=0),
    default=0,
    help="Play at most so many frames of each type; 0 plays all.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="TCP port of the catalog.")
def command(output: Path, **options: object) -> None:
    """Take, store, catalog, read back and verify frames on this machine."""
    from framepath.demo.settings import DemoSettings
    from framepath.demo.story import tell

    settings = DemoSettings(output=output.absolute(), **options)  # type: ignore[arg-type]
    try:
        tell(settings, Console())
    except KeyboardInterrupt:
        click.echo("framepath: interrupted; every process that was started has ended", err=True)
        sys.exit(130)
