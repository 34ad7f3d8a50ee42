"""Write the views of a finished file, beside it or inside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy.typing as npt

from framepath.errors import FileUnreadable, SettingsError
from framepath.files.checks.evidence import gather
from framepath.files.opened import FileSet
from framepath.spec.frame_type import FrameType
from framepath.writing.output_file import OutputFile, failures_as
from framepath.writing.settings import WriterSettings
from framepath.writing.views.acquisition import acquisition_of
from framepath.writing.views.links import SAME_FILE
from framepath.writing.views.theta import given_angles, stored_angles
from framepath.writing.views.tomo import TOMO_ENTRY, View, write_exchange, write_tomo

_SIDECAR = WriterSettings(temp_suffix=".part", overwrite=True)


def sidecar_path(path: str | os.PathLike[str]) -> Path:
    """Where the views of a file go by default: ``scan_tomo.nxs`` beside ``scan.h5``."""
    path = Path(path)
    return path.with_name(f"{path.stem}_tomo.nxs")


def write_views(
    path: str | os.PathLike[str],
    *,
    theta: npt.ArrayLike | None = None,
    theta_attribute: str | None = None,
    frame_types: Mapping[str, FrameType] | None = None,
    sample_name: str | None = None,
    in_place: bool = False,
    path_out: str | os.PathLike[str] | None = None,
) -> Path:
    """Make a finished file readable as NXtomo (``/tomo``) and as Data Exchange (``/exchange``).

    Frames are not copied: the views hold links and virtual datasets. The file itself is only
    changed when ``in_place`` is set.

    Parameters
    ----------
    path
        A closed image file or master; darks, flats and images in any order.
    theta
        Angles in degrees: (frames,) in acquisition order, or (images,). None takes them from the
        file.
    theta_attribute
        NDAttribute with the angle, or the address of a dataset; None looks for theta, SampleTheta,
        rotation, rotation_angle.
    frame_types
        Frame types by address, for datasets whose rows and names do not tell.
    sample_name
        NXtomo demands one; the file's name without suffix if None.
    in_place
        Write into the file itself.
    path_out
        Another file than `sidecar_path`; an existing one is replaced.

    Returns
    -------
    The file with the views.

    Raises
    ------
    FileMissing, FileUnreadable
        The file cannot be read, is still being written, or its frames make no stack.
    SettingsError
        Angles or frame types cannot be told, or the file has views already.
    WriteFailed
        The views cannot be written.
    """
    path = Path(path)
    out = path if in_place else Path(path_out or sidecar_path(path))
    if in_place and path_out is not None:
        raise SettingsError("views go into the file or beside it", found="in_place and path_out")
    if not in_place:
        _refuse_own_source(path, out)
    source = SAME_FILE if in_place else os.path.relpath(path, out.parent)
    view = _view_of(path, source, theta, theta_attribute, frame_types or {}, sample_name)
    if in_place:
        with failures_as("the views cannot be written", out), h5py.File(out, "r+") as file:
            _write(file, view)
        return out
    output = OutputFile(out, _SIDECAR)
    try:
        with failures_as("the views cannot be written", output.working_path):
            output.h5.attrs["default"] = TOMO_ENTRY
            _write(output.h5, view)
    except BaseException:
        output.discard()
        raise
    output.close()
    return out


def _view_of(
    path: Path,
    source: str,
    theta: npt.ArrayLike | None,
    theta_attribute: str | None,
    frame_types: Mapping[str, FrameType],
    sample_name: str | None,
) -> View:
    with FileSet() as files:
        opened = files.open(path)
        if opened.live:
            raise FileUnreadable(
                "views are written after the file is closed",
                found="a file that its writer has open, or left open",
                where=path,
                next_step="wait for the writer; if it was killed: framepath ledger --close FILE",
            )
        if source == SAME_FILE:
            _refuse_second_view(opened.h5)
        evidence = gather(opened.h5)
        acquisition = acquisition_of(evidence, frame_types)
        if theta is None:
            angles = stored_angles(evidence, acquisition, theta_attribute)
        else:
            angles = given_angles(theta, acquisition)
    return View(acquisition, source, angles, path.stem, sample_name or path.stem)


def _write(file: h5py.File, view: View) -> None:
    write_tomo(file, view)
    write_exchange(file, view)


def _refuse_second_view(file: h5py.File) -> None:
    if TOMO_ENTRY in file:
        raise SettingsError(
            "the file has views already",
            found=f"/{TOMO_ENTRY}",
            where=file.filename,
            next_step="use them, or write a sidecar (without --in-place)",
        )


def _refuse_own_source(path: Path, out: Path) -> None:
    if os.path.realpath(path) == os.path.realpath(out):
        raise SettingsError(
            "the views would replace the file that they show",
            found=out,
            expected="another file",
            next_step="choose another --out, or use --in-place",
        )
