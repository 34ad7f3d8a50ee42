"""``framepath ipython``: a Bluesky session on a terminal."""

from __future__ import annotations

from pathlib import Path

import click

from framepath.errors import MissingExtra


@click.command("ipython")
@click.option(
    "--settings",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file; framepath.yml of this folder when there is one.",
)
@click.option("-c", "code", help="Run this and end, instead of reading lines.")
def command(settings: Path | None, code: str | None) -> None:
    """Start IPython with RE, cat, the devices and the plans of a settings file.

    What is missing (an IOC, the catalog) is told, and the session starts with the rest.
    """
    from framepath.config.read import read_settings

    read_settings(settings)  # a mistake in it is told before the seconds that Bluesky takes
    try:
        from IPython import start_ipython
        from traitlets.config import Config
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "IPython is not installed",
            found=f"no module {error.name}",
            next_step='install it: pip install "framepath[acquire]"',
        ) from error
    from framepath.session.start import open_session

    session = open_session(settings)
    click.echo(repr(session))
    config = Config()
    config.TerminalIPythonApp.display_banner = False
    config.TerminalIPythonApp.code_to_run = code or ""
    config.TerminalIPythonApp.extensions = ["framepath.session.terminal"]
    try:
        start_ipython(argv=[], user_ns=dict(session.names), config=config)
    finally:
        session.close()
