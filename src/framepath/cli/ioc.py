"""``framepath ioc``: run an areaDetector-compatible IOC."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from framepath.cli.ioc_conformance import conformance
from framepath.errors import MissingExtra, SettingsError

if TYPE_CHECKING:
    from framepath.detector.drivers.base import Driver
    from framepath.detector.foreign_pvs import ForeignPvs

PORT = click.IntRange(0, 65535)
MOST_PIXELS = 2**28
"""Of a frame, and of image1: what is larger is a slip of the finger, and no memory holds it."""

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@click.group("ioc")
def command() -> None:
    """Run an areaDetector-compatible IOC; it prints one line once clients can connect."""


def _ioc_options(prefix: str) -> Callable[[Any], Any]:
    """Options that every kind of IOC has."""
    options = (
        click.option("--prefix", default=prefix, show_default=True, help="PV prefix."),
        click.option("--host", default="127.0.0.1", show_default=True, help="Listen here only."),
        click.option("--ca-port", type=PORT, default=0, help="CA port; 0 takes a free one."),
        click.option("--pva-port", type=PORT, default=0, help="PVA port; 0 takes a free one."),
        click.option(
            "--elements",
            type=click.IntRange(0, MOST_PIXELS),
            default=0,
            help="Most pixels of image1:ArrayData; 0: those of a whole frame of this detector.",
        ),
        click.option(
            "--save",
            type=click.Path(path_type=Path, dir_okay=False),
            help="File that keeps setpoints and state strings over a restart.",
        ),
        click.option(
            "--access",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Access security file: who may write which PV.",
        ),
        click.option(
            "--log-level",
            type=click.Choice(LOG_LEVELS, case_sensitive=False),
            default="INFO",
            show_default=True,
            help="Lowest level of messages on stderr.",
        ),
    )

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _run(kind: str, driver: Driver, *, foreign: ForeignPvs | None = None, **options: Any) -> None:
    """Run an IOC around the driver until it is told to end."""
    try:
        from framepath.config.logs import log_to_stderr
        from framepath.detector.ioc import IocSettings, run
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    log_to_stderr(options.pop("log_level").upper())
    sys.exit(run(IocSettings(kind=kind, **options), driver, foreign=foreign))


def _missing(error: ModuleNotFoundError) -> MissingExtra:
    return MissingExtra(
        "the IOC needs packages that are not installed",
        found=f"no {error.name}",
        next_step="pip install 'framepath[ioc]'",
    )


def size_yx(text: str) -> tuple[int, int]:
    """Sensor size of a text such as ``514x1030`` (rows x columns).

    Raises
    ------
    SettingsError
        Not two positive numbers, or more than `MOST_PIXELS` pixels.
    """
    rows, _, columns = text.lower().partition("x")
    is_size = rows.isdecimal() and columns.isdecimal()
    if not is_size or not 0 < int(rows) * int(columns) <= MOST_PIXELS:
        raise SettingsError(
            "not a sensor size",
            found=repr(text),
            expected=f"ROWSxCOLUMNS such as 514x1030, at most {MOST_PIXELS} pixels",
        )
    return int(rows), int(columns)


@command.command("sim")
@_ioc_options("13SIM1:")
@click.option("--size", default="514x1030", show_default=True, help="Sensor, ROWSxCOLUMNS.")
@click.option(
    "--scene",
    type=click.Choice(["adsim", "absorption", "diffraction"]),
    default="adsim",
    show_default=True,
    help="What the camera sees at the start; cam1:Scene changes it.",
)
@click.option(
    "--motion",
    metavar="PREFIX",
    help="Let the scenes follow the motors and the shutter of this motion IOC.",
)
def sim(size: str, scene: str, motion: str | None, **options: Any) -> None:
    """A simulated camera with ADSimDetector's PVs."""
    from framepath.detector.drivers.sim import SceneChoice, Sim
    from framepath.detector.foreign_pvs import ForeignPvs
    from framepath.detector.motion.follow import MotionPvs

    foreign = ForeignPvs(os.environ)
    following = None if motion is None else MotionPvs(motion, foreign)
    driver = Sim(size_yx(size), SceneChoice[scene.upper()], following)
    _run("sim", driver, foreign=foreign, **options)


@command.command("eiger")
@_ioc_options("dp_eiger_sn:")
@click.option(
    "--model",
    default="eiger1-500k",
    show_default=True,
    help="eiger1-500k, -1m, -4m, eiger2-500k, -1m or -4m.",
)
@click.option(
    "--spool",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for files that SaveFiles does not ask for; a temporary one by default.",
)
def eiger(model: str, spool: Path | None, **options: Any) -> None:
    """A photon counter with ADEiger's PVs, triggers and file writer."""
    from framepath.detector.drivers.eiger import Eiger
    from framepath.detector.drivers.eiger_readout import model_named

    chosen = model_named(model)
    if spool is not None:
        _make_folder(spool)
        _run("eiger", Eiger(chosen, spool), **options)
    with TemporaryDirectory(prefix="framepath-eiger-") as folder:
        _run("eiger", Eiger(chosen, Path(folder)), **options)


def _make_folder(spool: Path) -> None:
    try:
        spool.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            "the folder for the detector's own files cannot be made",
            found=error.strerror or error,
            where=spool,
            next_step="correct --spool, or leave it out",
        ) from error


@command.command("replay")
@_ioc_options("13SIM1:")
@click.option("--source", type=click.Path(path_type=Path), required=True, help="HDF5 file to play.")
@click.option("--address", help="HDF5 address of the frames, where the file has many.")
@click.option("--image-key", help="Address of NXtomo's image key for these frames.")
@click.option("--theta", help="Address of the angle of each frame, degrees.")
@click.option(
    "--rate",
    "rate_hz",
    type=click.FloatRange(min=0, min_open=True),
    help="Frames a second at the start.",
)
@click.option("--loop", is_flag=True, help="Begin again at the end.")
@click.option("--by-frame-type", is_flag=True, help="Play the next frame of cam1:FrameType.")
def replay(
    source: Path,
    address: str | None,
    image_key: str | None,
    theta: str | None,
    rate_hz: float | None,
    loop: bool,
    by_frame_type: bool,
    **options: Any,
) -> None:
    """A camera that plays the frames of an HDF5 file, bit for bit."""
    from framepath.detector.drivers.replay import Replay, ReplayOrder
    from framepath.detector.drivers.replay_source import open_recording

    order = ReplayOrder.BY_FRAME_TYPE if by_frame_type else ReplayOrder.AS_RECORDED
    with open_recording(source, address, image_key, theta) as recording:
        made = Replay(recording, rate_hz, loop, order)
        _run("replay", made, **options)


@command.command("motion")
@click.option("--prefix", default="13MOT:", show_default=True, help="PV prefix.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen here only.")
@click.option("--ca-port", type=PORT, default=0, help="CA port; 0 takes a free one.")
def motion(prefix: str, host: str, ca_port: int) -> None:
    """Simulated motors (m1 theta, m2 sample_x) and a shutter for scans without hardware."""
    try:
        from framepath.detector.motion.ioc import run
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    sys.exit(run(prefix, host, ca_port))


command.add_command(conformance)
