"""Put existing HDF5 files into a catalog: their frames by type, and the whole file as a tree.

``files/<folder>/.../<name>`` is a container with ``images``, ``darks`` and ``flats`` where the file
has such frames, and ``hdf5`` for everything in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import httpx
from tiled.client.utils import ClientError
from tiled.structures.array import ArrayStructure, BuiltinDtype
from tiled.structures.container import ContainerStructure
from tiled.structures.core import StructureFamily
from tiled.structures.data_source import Asset, DataSource, Management

from framepath.errors import FileMissing, FileUnreadable, FramepathError
from framepath.files import Folders, frame_types, open_frames
from framepath.spec.documents import FILES_KEY, HDF5_MIMETYPE
from framepath.spec.frame_type import FrameType

SUFFIXES = (".h5", ".hdf5", ".hdf", ".nxs", ".nx", ".nx5", ".nexus")
"""Names of HDF5 files in a folder; a file that is named itself may be called anything."""

KEYS = {FrameType.IMAGE: "images", FrameType.DARK: "darks", FrameType.FLAT: "flats"}
"""Names of the frames of a file in the catalog."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What became of one file: ``state`` is "added", "changed", "unchanged" or "failed"."""

    path: Path
    state: str
    error: FramepathError | None = None


def found_files(root: Path) -> list[Path]:
    """HDF5 files at or below a path, in order of their names.

    Raises
    ------
    FileMissing
        There is nothing at the path.
    """
    if root.is_dir():
        candidates = (path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
        return sorted(path for path in candidates if path.is_file())
    if not root.exists():
        raise FileMissing("there is nothing to register", where=root, next_step="check the path")
    return [root]


def register(
    catalog: Any, files: list[Path], root: Path, folders: Folders | None = None
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
        Folders that may be read; None leaves it to the operating system.
    """
    top = _container(catalog, FILES_KEY)
    parents: dict[tuple[str, ...], Any] = {(): top}
    for path in files:
        try:
            inside = path.relative_to(root).parts
        except ValueError:
            inside = (path.name,)
        try:
            parent = _folder(parents, inside[:-1])
            yield Registered(path, _one(parent, inside[-1], path, folders))
        except FramepathError as error:
            yield Registered(path, "failed", error)


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


def _one(parent: Any, key: str, path: Path, folders: Folders | None) -> str:
    status = path.stat()
    stamp = {"path": str(path), "bytes": status.st_size, "modified_ns": str(status.st_mtime_ns)}
    state = "added"
    if key in parent:
        if all(parent[key].metadata.get(name) == value for name, value in stamp.items()):
            return "unchanged"
        parent[key].delete_contents(external_only=True)
        parent.delete_contents(key, external_only=True)
        state = "changed"
    arrays = _frame_arrays(path, folders)
    file_node = parent.create_container(key, metadata=stamp)
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
    return state


def _frame_arrays(path: Path, folders: Folders | None) -> dict[str, tuple[str, ArrayStructure]]:
    if not h5py.is_hdf5(path):
        raise FileUnreadable(
            "this is not an HDF5 file", where=path, next_step="register HDF5 files only"
        )
    arrays: dict[str, tuple[str, ArrayStructure]] = {}
    try:
        addresses = frame_types(path, folders=folders)
    except FileUnreadable:
        return arrays  # No image data, or more than one candidate: the tree shows it all.
    for kind, address in addresses.items():
        with open_frames(path, address, folders=folders) as frames:
            if len(frames):
                arrays[KEYS[kind]] = (address, structure_of_frames(frames))
    return arrays


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
