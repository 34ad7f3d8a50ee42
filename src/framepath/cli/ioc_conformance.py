"""``framepath ioc conformance``: compare a running IOC with areaDetector's PVs."""

from __future__ import annotations

import json
import sys

import click

from framepath.errors import MissingExtra
from framepath.spec.params import PLUGIN_TABLES


@click.command("conformance")
@click.option("--prefix", required=True, help="PV prefix of the IOC.")
@click.option(
    "--camera",
    type=click.Choice(["sim", "eiger", "eiger2"]),
    help="What cam1 is; without it that is seen by the PVs that only some cameras have.",
)
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    type=click.Choice(list(PLUGIN_TABLES)),
    help="Compare this plugin only; may be repeated. All by default.",
)
@click.option("--wait", "wait_s", default=3.0, show_default=True, help="Seconds for PVs to answer.")
@click.option(
    "--fresh",
    is_flag=True,
    help="The IOC has just been started without autosave: compare initial values too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def conformance(
    prefix: str,
    camera: str | None,
    plugins: tuple[str, ...],
    wait_s: float,
    fresh: bool,
    as_json: bool,
) -> None:
    """List PVs that are missing, of another record type, or with other enum strings.

    Any IOC can be compared, ours or a C++ one; EPICS_CA_ADDR_LIST says where it is.
    """
    try:
        from framepath.detector.conformance import compare
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "comparing IOCs needs packages that are not installed",
            found=f"no {error.name}",
            next_step="pip install 'framepath[ioc]'",
        ) from error
    report = compare(prefix, camera, plugins or tuple(PLUGIN_TABLES), wait_s, fresh)
    click.echo(json.dumps(report.as_json()) if as_json else str(report))
    sys.exit(0 if report.conforms else 1)
