"""``framepath views``: make a finished file readable as NXtomo and as Data Exchange."""

from __future__ import annotations

import click

from framepath.errors import SettingsError
from framepath.spec.frame_type import FrameType


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option(
    *("--theta-attribute", "theta_attribute"),
    metavar="NAME",
    help="NDAttribute with the angle in degrees, or the HDF5 address of one value a frame.",
)
@click.option(
    *("--frame-type", "frame_types"),
    metavar="ADDRESS=TYPE",
    multiple=True,
    help="Say what a dataset holds (image, dark, flat), where its name does not tell.",
)
@click.option("--sample", metavar="NAME", help="Sample name; by default the file's name.")
@click.option("--in-place", is_flag=True, help="Write into FILE itself instead of beside it.")
@click.option("--out", type=click.Path(dir_okay=False), help="Another file than NAME_tomo.nxs.")
def command(
    file: str,
    theta_attribute: str | None,
    frame_types: tuple[str, ...],
    sample: str | None,
    in_place: bool,
    out: str | None,
) -> None:
    """Write views of FILE for tomography readers: /tomo (NXtomo) and /exchange (Data Exchange).

    FILE must be closed; its frames are linked, not copied. Prints the file with the views.
    """
    from framepath.writing.views import write_views

    written = write_views(
        file,
        theta_attribute=theta_attribute,
        frame_types=dict(map(_frame_type, frame_types)),
        sample_name=sample,
        in_place=in_place,
        path_out=out,
    )
    click.echo(str(written))


def _frame_type(text: str) -> tuple[str, FrameType]:
    address, equals, name = text.rpartition("=")
    try:
        if equals:
            return address, FrameType.of_name(name)
    except ValueError as error:
        raise SettingsError("unknown frame type", found=text, expected=str(error)) from error
    raise SettingsError("a frame type needs an address", found=text, expected="ADDRESS=TYPE")
