"""``framepath ioc``: run an areaDetector-compatible IOC."""

from __future__ import annotations

import sys

import click

from framepath.errors import MissingExtra


@click.group("ioc")
def command() -> None:
    """Run an areaDetector-compatible IOC; it prints a line with "ready" once clients can connect."""


def _listening(function):  # type: ignore[no-untyped-def]
    """Options that every kind of IOC has."""
    for option in (
        click.option("--prefix", default="13SIM1:", show_default=True, help="PV prefix."),
        click.option("--host", default="127.0.0.1", show_default=True, help="Listen here only."),
        click.option("--ca-port", default=0, help="CA port; 0 takes a free one."),
        click.option("--pva-port", default=0, help="PVA port; 0 takes a free one."),
    ):
        function = option(function)
    return function


@command.command("sim")
@_listening
def sim(prefix: str, host: str, ca_port: int, pva_port: int) -> None:
    """A simulated camera."""
    try:
        from framepath.detector.drivers.sim import Sim
        from framepath.detector.ioc import IocSettings, run
    except ImportError as error:
        raise MissingExtra(
            "the IOC needs packages that are not installed",
            found=error.name,
            next_step="pip install 'framepath[ioc]'",
        ) from error
    sys.exit(run(IocSettings("sim", prefix, host, ca_port, pva_port), Sim()))
