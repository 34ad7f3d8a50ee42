"""``framepath serve``: a catalog of runs and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command("serve")
@click.option("--folder", type=click.Path(path_type=Path), help="Folder of the embedded catalog.")
@click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder of image files; its files appear below `files`. May be repeated.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="TCP port; chosen when left out.")
@click.option("--host", help="Address to listen on; this machine only by default.")
@click.option("--public", is_flag=True, default=None, help="Reading needs no key.")
@click.option(
    "--settings",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file; framepath.yml of this folder when there is one.",
)
def command(settings: Path | None, data: tuple[Path, ...], **options: Any) -> None:
    """Serve a catalog of runs and files, and print its address with the key once it answers.

    The key may be given in FRAMEPATH_API_KEY; without one it is generated and kept in the folder.
    """
    from framepath.catalog.server import serve
    from framepath.config.read import read_settings

    given = {name: value for name, value in options.items() if value is not None}
    if data:
        given |= {"data": list(data), "register_data": True}
    serve(read_settings(settings, overrides={"serve": given}).serve)
