"""Correct the targets of a file's links, in a copy or in place after a backup.

External links are made anew with the right target. The sources of a virtual dataset and the raw
files of a dataset are part of how the dataset was created, so that dataset is created again with
the same type, shape, fill value and attributes, under all its names; HDF5 object references to the
old one, if a file has any, do not follow. A link whose file is not found stays as it is.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import h5py

from framepath.config.paths import PathMap
from framepath.errors import SettingsError, WriteFailed
from framepath.files.links import list_links
from framepath.files.resolve import beside
from framepath.files.virtual_map import source_names
from framepath.spec.links import Link, LinkKind, LinkRule
from framepath.writing.dataset_again import create_again


@dataclass(frozen=True, slots=True)
class Change:
    """One target rewritten: where, and the file name before and after."""

    address: str
    kind: LinkKind
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Repair:
    """What `repair_links` did.

    Attributes
    ----------
    path
        The corrected file.
    backup
        Copy of the file before it was corrected in place; None when a copy was corrected.
    changes
        Targets rewritten.
    links
        All links of the corrected file, as `framepath.files.list_links` finds them now.
    """

    path: Path
    backup: Path | None
    changes: tuple[Change, ...]
    links: tuple[Link, ...]


def repair_links(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    path_map: tuple[PathMap, ...] = (),
) -> Repair:
    """Write a file whose links lead where their targets are found now.

    A target beside the corrected file is written as its bare name, one further down as a relative
    path, any other as an absolute path.

    Parameters
    ----------
    path
        The master file.
    out
        File to write; None corrects ``path`` itself, after a backup beside it.
    path_map
        Other hosts' spellings of folders.

    Raises
    ------
    SettingsError
        ``out`` exists already.
    FileMissing, FileUnreadable
        The file cannot be read.
    WriteFailed
        The corrected file or the backup cannot be written; ``path`` is as it was.
    """
    master = Path(os.path.realpath(path))
    corrected = master if out is None else Path.cwd() / out
    if out is not None and corrected.exists():
        raise SettingsError(
            "the file to write exists already", found=corrected, next_step="choose another name"
        )
    changes = _changes(list_links(path, path_map), master, corrected.parent)
    backup = None
    if out is not None or changes:
        backup = _backed_up(master) if out is None else None
        _write(master, corrected, changes)
    return Repair(corrected, backup, changes, tuple(list_links(corrected)))


def _changes(links: Iterable[Link], master: Path, folder: Path) -> tuple[Change, ...]:
    changes: list[Change] = []
    for link in links:
        if link.rule is LinkRule.SAME_FILE:
            continue
        virtual = link.kind is LinkKind.VIRTUAL
        names = source_names(link.target_file) if virtual else iter([link.target_file])
        written = next(names)
        if next(names, None) is not None:
            continue  # one name for many numbered files
        target = Path(link.resolved) if link.exists else beside(written, master)
        if target is None:
            continue
        name = _best_name(Path(os.path.realpath(target)), folder, link.kind)
        if name != written:
            after = name.replace("%", "%%") if virtual else name
            changes.append(Change(link.address, link.kind, link.target_file, after))
    return tuple(changes)


def _best_name(target: Path, folder: Path, kind: LinkKind) -> str:
    """Relative where that is safe to move; HDF5 looks for raw files in the working directory."""
    real_folder = Path(os.path.realpath(folder))
    if kind is not LinkKind.RAW and target.is_relative_to(real_folder):
        return str(target.relative_to(real_folder))
    return str(target)


def _backed_up(master: Path) -> Path:
    for number in range(1, 10_000):
        backup = master.with_name(f"{master.name}.bak{number if number > 1 else ''}")
        try:
            with backup.open("xb") as copy, master.open("rb") as original:
                shutil.copyfileobj(original, copy)
                copy.flush()
                os.fsync(copy.fileno())
        except FileExistsError:
            continue
        except OSError as error:
            raise _not_written(backup, error) from error
        return backup
    raise SettingsError("there are too many backups", where=master.parent)


def _write(master: Path, corrected: Path, changes: tuple[Change, ...]) -> None:
    """Write beside the corrected file and rename, so that no half-corrected file is ever seen."""
    partial = corrected.with_name(f".{corrected.name}.{os.getpid()}.part")
    try:
        shutil.copy2(master, partial)
        partial.chmod(partial.stat().st_mode | 0o200)
        with h5py.File(partial, "r+") as file:
            _rewrite(file, changes)
        partial.chmod(master.stat().st_mode)
        partial.replace(corrected)
    except OSError as error:
        raise _not_written(corrected, error) from error
    finally:
        partial.unlink(missing_ok=True)


def _rewrite(file: h5py.File, changes: tuple[Change, ...]) -> None:
    datasets: dict[str, dict[str, str]] = {}
    for change in changes:
        if change.kind is LinkKind.EXTERNAL:
            address = cast(h5py.ExternalLink, file.get(change.address, getlink=True)).path
            del file[change.address]
            file[change.address] = h5py.ExternalLink(change.after, address)
        else:
            datasets.setdefault(change.address, {})[change.before] = change.after
    for address, names in datasets.items():
        create_again(file, address, names)


def _not_written(path: Path, error: OSError) -> WriteFailed:
    return WriteFailed(
        "the corrected file cannot be written",
        found=error.strerror or error,
        where=path,
        next_step="check the folder's permissions and free space; nothing was changed",
    )
