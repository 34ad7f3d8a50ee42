"""The ``framepath`` command: one module per subcommand, imported when it is run.

Exit status: 0 good, 1 a fault was found, 2 the command was used wrongly.
"""

from __future__ import annotations

import importlib
import sys

import click

import framepath
from framepath.errors import FramepathError, SettingsError

COMMANDS = {
    "demo": "take, store, catalog, read back and verify frames on this machine",
    "documents": "replay backed-up Bluesky documents into a catalog",
    "ioc": "run an areaDetector-compatible IOC, or compare one with the parameter table",
    "ipython": "start IPython with the RunEngine, catalog, devices and plans of framepath.yml",
    "ledger": "audit the frames of an HDF5 file, or close a file that a killed writer left",
    "links": "list where the links of an HDF5 file lead, and repair them",
    "lint": "check a layout XML, and an attributes XML with it, before frames are lost",
    "register": "add existing HDF5 files to a catalog",
    "serve": "serve a catalog of runs and files",
    "views": "write the NXtomo and Data Exchange views of a finished file",
}
"""Subcommand -> help line; the command is `command` in ``framepath.cli.<subcommand>``."""


class LazyGroup(click.Group):
    """A group whose subcommands are imported when used, so that ``--help`` costs nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one subcommand; None when there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"framepath.cli.{cmd_name}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands from the table, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(framepath.__version__, prog_name="framepath")
def cli() -> None:
    """Every X-ray frame's path from detector to eyes, each hop proven."""


def main() -> None:
    """Run the command; an error of framepath is one line on stderr, not a traceback."""
    try:
        cli.main()
    except FramepathError as error:
        click.echo(f"framepath: {error}", err=True)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
