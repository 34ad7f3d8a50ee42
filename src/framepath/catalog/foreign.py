"""Data that Tiled's own adapters read: what a client registered is checked before they see it.

Tiled 0.2.20 checks assets only where they name a parameter, lets parameters name files that it does
not check, writes the name and number of a table into SQL as they stand, follows every symlink in a
folder and every link in a netCDF file, and gives buffers any file name that a client sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tiled.adapters.awkward import AwkwardBuffersAdapter
from tiled.mimetypes import AWKWARD_BUFFERS_MIMETYPE, RAGGED_SQL_MIMETYPE, TILED_SQL_TABLE_MIMETYPE
from tiled.structures.data_source import Management

from framepath.catalog.adapters import HDF5Reader
from framepath.catalog.opener import Opener
from framepath.catalog.uris import path_of_uri
from framepath.errors import CatalogError, FileMissing, OutsideFolders
from framepath.files import Folders
from framepath.spec.documents import HDF5_MIMETYPE

NETCDF_MIMETYPE = "application/x-netcdf"

TABLES = (TILED_SQL_TABLE_MIMETYPE, RAGGED_SQL_MIMETYPE)
"""Data in the catalog's own database, not in files."""

_TABLE_NAME = re.compile("[a-z][a-z0-9_]*")
_NAMES_OF_FILES = ("data_uri", "data_uris")


def readers(opener: Opener) -> dict[str, Any]:
    """Adapters in place of Tiled's, by media type: those whose files lead to other files."""
    ours = HDF5Reader(opener)
    return {
        HDF5_MIMETYPE: ours,
        NETCDF_MIMETYPE: ours,
        AWKWARD_BUFFERS_MIMETYPE: NamedBuffers,
    }


def require_confined(source: Any, folders: Folders, written_here: Path) -> None:
    """Let a data source reach the adapter of its media type.

    Parameters
    ----------
    source
        Data source with its assets.
    written_here
        The folder of what the server itself wrote for its clients.

    Raises
    ------
    OutsideFolders
        A file of it is outside, or a folder, whose members are not checked one by one.
    CatalogError
        It names files or a table in a way that cannot be checked.
    FileMissing
        Its only file is not there.
    """
    if source.mimetype in TABLES:
        _require_table(source)
        return
    prepare_for(source.mimetype)
    if named := sorted(source.parameters.keys() & set(_NAMES_OF_FILES)):
        raise _refused("parameters name files", named, "files among the assets alone")
    # Tiled's own adapters open paths as they are spelt.
    bare = Folders(folders.readable)
    for asset in source.assets:
        # And as they stand in the address, where we decode it.
        for path in {path_of_uri(asset.data_uri), urlsplit(asset.data_uri).path}:
            _require_file(path, bare, written_here)
    if source.management == Management.external and len(source.assets) == 1:
        path = Path(path_of_uri(source.assets[0].data_uri))
        if not path.exists():
            raise FileMissing(
                "no such file", where=path, next_step="bring it back, or delete the node"
            )


def prepare_for(mimetype: str) -> None:
    """Let Tiled's adapter of a media type open no file but the one that was checked."""
    if "image/tiff" in mimetype:
        _read_tiff_files_alone()


@cache
def _read_tiff_files_alone() -> None:
    import tifffile

    # An OME-TIFF names other files by any path, and tifffile reads them (2026.3.3); its own switch
    # for that is an argument that Tiled does not give.
    alone = property(lambda file: False, lambda file, wanted: None)
    setattr(tifffile.TiffFile, "_multifile", alone)  # noqa: B010 - no attribute of the class yet


def _require_file(path: str, folders: Folders, written_here: Path) -> None:
    real = folders.check(path)
    if any(character in path for character in "*?["):
        raise _refused("a path is a pattern", path, "the path of one file")
    if real.is_dir() and not real.is_relative_to(written_here):
        raise OutsideFolders(
            "a folder is not read: its members may lead anywhere",
            found=path,
            expected="a file, or what was written through this server",
            next_step="register its files, or write the array into the catalog",
        )


def _require_table(source: Any) -> None:
    name, number = (source.parameters.get(key) for key in ("table_name", "dataset_id"))
    if not isinstance(name, str) or not _TABLE_NAME.fullmatch(name):
        raise _refused("the name of its table is none", name, "small letters, digits and _")
    if type(number) is not int:
        raise _refused("the number of its rows is none", number, "a whole number")
    if odd := [column for column in _columns(source) if '"' in column]:
        raise _refused("a column cannot have this name", odd, "a name without quotation marks")


def _columns(source: Any) -> Iterable[str]:
    if source.mimetype == RAGGED_SQL_MIMETYPE:
        return source.structure.awkward_form.expected_from_buffers()
    return source.structure.columns


def _refused(what: str, found: object, expected: str) -> CatalogError:
    return CatalogError(
        f"this data source is not read: {what}",
        found=found,
        expected=expected,
        next_step="register it again as its writer describes it",
    )


class NamedBuffers(AwkwardBuffersAdapter):
    """Awkward arrays: a folder with a file for each buffer, which is named as its buffer."""

    def __init__(self, container: Any, structure: Any, **rest: Any) -> None:
        _require_plain(structure.awkward_form.expected_from_buffers())
        super().__init__(container, structure, **rest)

    def write(self, data: Mapping[str, bytes]) -> None:
        """Store buffers.

        Raises
        ------
        CatalogError
            A buffer's name would be a file somewhere else.
        """
        _require_plain(data)
        super().write(dict(data))


def _require_plain(names: Iterable[str]) -> None:
    if odd := [name for name in names if "/" in name or name in ("", ".", "..")]:
        raise _refused("a buffer cannot have this name", odd, "a name without slashes")
