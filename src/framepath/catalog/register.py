"""Put existing HDF5 files into a catalog: their frames by type, and the whole file as a tree.

``files/<folder>/.../<name>`` is a container with ``images``, ``darks`` and ``flats`` where the file
has such frames, and ``hdf5`` for everything in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tiled.client.utils import ClientError
from tiled.structures.array import ArrayStructure, BuiltinDtype
from tiled.structures.container import ContainerStructure
from tiled.structures.core import StructureFamily
from tiled.structures.data_source import Asset, DataSource, Management

from framepath.catalog.places import key_of
from framepath.catalog.probe import Probe
from framepath.errors import (
    CatalogError,
    FileMissing,
    FileUnreadable,
    FramepathError,
    OutsideFolders,
)
from framepath.files import Folders, frame_types, open_frames
from framepath.files.opened import FileSet
from framepath.spec.documents import FILES_KEY, HDF5_MIMETYPE
from framepath.spec.frame_type import FrameType

SUFFIXES = (".h5", ".hdf5", ".hdf", ".nxs", ".nx", ".nx5", ".nexus")
"""Names of HDF5 files in a folder; a file that is named itself may be called anything."""

KEYS = {FrameType.IMAGE: "images", FrameType.DARK: "darks", FrameType.FLAT: "flats"}
"""Names of the frames of a file in the catalog."""

MISSING = "files_missing"
"""Metadata of a file: how many of the files that it leads to were not there when it was added."""


REFUSED = (httpx.codes.BAD_REQUEST, httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY)
"""What a server says of one file; the next may be fine. Other answers end the registering."""

ENTRIES = "entries"
"""Metadata of a file: how many nodes it has below it, once it was added whole."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What became of one file: ``state`` is "added", "changed", "unchanged" or "failed".

    ``waits`` when the file itself is sound, and something that it leads to is missing or cannot be
    read: that may arrive, and the file will not look changed then.
    """

    path: Path
    state: str
    error: FramepathError | None = None
    waits: bool = False


def found_files(root: Path) -> list[Path]:
    """HDF5 files at or below a path, in order of their names.

    Raises
    ------
    FileMissing
        There is nothing at the path.
    """
    if root.is_dir():
        candidates = (path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
        return sorted(path for path in candidates if path.is_file() or _leads_nowhere(path))
    if not root.exists():
        raise FileMissing("there is nothing to register", where=root, next_step="check the path")
    return [root]


def _leads_nowhere(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def register(
    catalog: Any, files: list[Path], root: Path, folders: Folders, probe: Probe
) -> Iterator[Registered]:
    """Add files below ``files``, one result each as it is done.

    A file that is there already is looked at again only when its size or time has changed.

    Parameters
    ----------
    catalog
        Tiled client of the root of a catalog.
    root
        Folder that the paths in the catalog begin from.
    folders
        Folders that may be read.
    probe
        Tries files out before they are opened.
    """
    top = _container(catalog, FILES_KEY)
    parents: dict[tuple[str, ...], Any] = {(): top}
    for path in files:
        allowed = probe.guarding(folders, "file", path)
        try:
            inside = _place(path, root)
            _open_once(path, allowed)
        except FramepathError as error:
            yield Registered(path, "failed", error)
            continue
        try:
            parent = _folder(parents, inside[:-1])
            state, missing = _one(parent, inside[-1], path, allowed)
            yield Registered(path, state, waits=missing > 0)
        except FramepathError as error:
            waits = not isinstance(error, OutsideFolders | CatalogError)
            yield Registered(path, "failed", error, waits=waits)
        except ClientError as error:
            if error.response.status_code not in REFUSED:
                raise
            yield Registered(path, "failed", CatalogError("the catalog refused it", found=error))


def _place(path: Path, root: Path) -> tuple[str, ...]:
    inside = path.relative_to(root).parts if path.is_relative_to(root) else (path.name,)
    return tuple(map(key_of, inside))


def _open_once(path: Path, folders: Folders) -> None:
    """Refuse a file that is missing, outside, cut short or no HDF5 file."""
    with FileSet(folders) as files:
        files.open(path)


def _folder(parents: dict[tuple[str, ...], Any], parts: tuple[str, ...]) -> Any:
    if parts not in parents:
        parents[parts] = _container(_folder(parents, parts[:-1]), parts[-1])
    return parents[parts]


def _container(parent: Any, key: str) -> Any:
    if key not in parent:
        try:
            return parent.create_container(key)
        except ClientError as error:
            # Somebody else registers at the same time.
            if error.response.status_code != httpx.codes.CONFLICT:
                raise
    return parent[key]


def _one(parent: Any, key: str, path: Path, folders: Folders) -> tuple[str, int]:
    """What became of the file, and how many of the files that it leads to are missing."""
    status = path.stat()
    stamp = {"path": str(path), "bytes": status.st_size, "modified_ns": str(status.st_mtime_ns)}
    node = parent.get(key)
    known = node.metadata if node is not None else {}
    _require_free(known.get("path"), path)
    same = all(known.get(name) == value for name, value in stamp.items()) and _is_whole(node)
    if same and not known.get(MISSING):
        return "unchanged", 0
    arrays, missing = _frame_arrays(path, folders)
    if same and known.get(MISSING) == missing:
        return "unchanged", missing
    if node is not None:
        node.delete_contents(external_only=True)
        parent.delete_contents(key, external_only=True)
    told = stamp | {MISSING: missing, ENTRIES: len(arrays) + 1}
    file_node = parent.create_container(key, metadata=told)
    for name, (address, structure) in arrays.items():
        file_node.new(
            StructureFamily.array,
            [source_of(path, StructureFamily.array, structure, {"dataset": address})],
            key=name,
            metadata={},
            specs=[],
        )
    tree = source_of(path, StructureFamily.container, ContainerStructure(keys=[]), {"dataset": "/"})
    file_node.new(StructureFamily.container, [tree], key="hdf5", metadata={}, specs=[])
    return "changed" if known else "added", missing


def _require_free(taken_by: str | None, path: Path) -> None:
    """Another file that still exists keeps its place; one that is gone, or this one, does not."""
    other = Path(taken_by or path)
    if other != path and other.exists() and not other.samefile(path):
        raise CatalogError(
            "another file has this file's place in the catalog",
            found=other,
            where=path,
            next_step="register a folder further up that holds both, or rename one of them",
        )


def _is_whole(node: Any) -> bool:
    """Whether whoever added a file came to its end, and was not ended in between."""
    if node is None or ENTRIES not in node.metadata:
        return False
    return node.item["attributes"]["structure"]["count"] == node.metadata[ENTRIES]


def _frame_arrays(
    path: Path, folders: Folders
) -> tuple[dict[str, tuple[str, ArrayStructure]], int]:
    arrays: dict[str, tuple[str, ArrayStructure]] = {}
    try:
        addresses = frame_types(path, folders=folders)
    except FileUnreadable:
        return arrays, 0  # No image data, or more than one candidate: the tree shows it all.
    missing = 0
    for kind, address in addresses.items():
        with open_frames(path, address, folders=folders) as frames:
            missing += len(frames.gaps)
            if len(frames):
                arrays[KEYS[kind]] = (address, structure_of_frames(frames))
    return arrays, missing


def structure_of_frames(frames: Any) -> ArrayStructure:
    """How Tiled describes a stack (frames, y, x), one frame a chunk."""
    return ArrayStructure(
        data_type=BuiltinDtype.from_numpy_dtype(frames.dtype),
        shape=tuple(frames.shape),
        chunks=((1,) * len(frames), *((n,) for n in frames.shape[1:])),
    )


def source_of(
    path: Path, family: StructureFamily, structure: Any, parameters: dict[str, Any]
) -> DataSource[Any]:
    """A data source of one HDF5 file, which Tiled does not own."""
    return DataSource(
        structure_family=family,
        structure=structure,
        id=None,
        mimetype=HDF5_MIMETYPE,
        parameters=parameters,
        management=Management.external,
        assets=[
            Asset(
                data_uri=path.absolute().as_uri(),
                is_directory=False,
                parameter="data_uris",
                num=0,
            )
        ],
    )
