"""Open what the catalog's nodes name: frames, and the small arrays beside them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from framepath.catalog.kept import IDLE_S, KeptStacks
from framepath.config.paths import translated
from framepath.errors import FileUnreadable
from framepath.files import Folders, open_frames
from framepath.files.follow import follow
from framepath.files.opened import FileSet, hdf5_errors
from framepath.files.stamp import Stamp
from framepath.files.virtual_map import recorded_shape

if TYPE_CHECKING:
    from framepath.catalog.probe import Probe


class Opener:
    """Opens files inside the readable folders.

    Parameters
    ----------
    folders
        Where files may lie, with the other hosts' spellings.
    idle_s
        See `KeptStacks`.
    probe
        Tries files out first; None where somebody has done so.
    """

    def __init__(
        self, folders: Folders, idle_s: float = IDLE_S, probe: Probe | None = None
    ) -> None:
        self.folders = folders
        self._probe = probe
        self._kept = KeptStacks(folders, idle_s)

    @contextlib.contextmanager
    def opened(self, paths: Sequence[str], address: str) -> Iterator[Any]:
        """Arrays of one address in several files, one after the other, for as long as needed.

        Raises
        ------
        FramepathError
            A file or link is missing, unreadable or outside the folders.
        """
        here = [self._here(path) for path in paths]
        with contextlib.ExitStack() as stack:
            parts = [
                stack.enter_context(
                    self._kept.use((path, address), partial(self._open, path, address))
                )
                for path in here
            ]
            yield parts[0] if len(parts) == 1 else InSequence(parts)

    def files_of(
        self, paths: Sequence[str], address: str
    ) -> tuple[list[str], dict[Path, Stamp | None]]:
        """Paths as this host spells them, and every file that reading their frames can need.

        Raises
        ------
        FramepathError
            As `opened`; LinkBroken also for any file that is missing.
        """
        here = [self._here(path) for path in paths]
        stamps: dict[Path, Stamp | None] = {}
        for path in here:
            stamps |= self._kept.files((path, address), partial(self._open, path, address))
        return here, stamps

    def close(self) -> None:
        """Close the files that are not in use."""
        self._kept.close()

    @contextlib.contextmanager
    def node(self, path: str, address: str = "/") -> Iterator[Any]:
        """A group or dataset, links followed by us, for as long as needed.

        HDF5 must follow no link that is in it.
        """
        path = self._here(path)
        folders = self._guarded(self.folders, "node", path, address)
        with FileSet(folders) as files, hdf5_errors(f"{path}:{address}"):
            yield follow(files, files.open(path), address).node

    def check_links(self, path: str) -> None:
        """Check everything that a file leads to, even what opening it did not need yet.

        Raises
        ------
        OutsideFolders
            Something leads out of the readable folders.
        """
        path = self._here(path)
        with hdf5_errors(path):
            self._guarded(self.folders, "links", path).check_file_links(path)

    def _open(self, path: str, address: str, folders: Folders) -> Any:
        folders.check(path)  # as it is spelled: it may go through symlinks that change
        return open_any(path, address, self._guarded(folders, "frames", path, address))

    def _guarded(self, folders: Folders, trial: str, path: str, address: str = "/") -> Folders:
        probe = self._probe
        return probe.guarding(folders, trial, path, address) if probe else folders

    def _here(self, path: str) -> str:
        # Before anything joins it to the working folder: other hosts' paths look relative here.
        return translated(path, self.folders.path_map, self.folders.host) or path


def open_any(path: str, address: str, folders: Folders) -> Any:
    """Frames as a stack, which stays open; anything of fewer axes as an array in memory.

    Raises
    ------
    FramepathError
        A file or link is missing, unreadable or outside the folders.
    """
    with FileSet(folders) as files, hdf5_errors(f"{path}:{address}"):
        node = follow(files, files.open(path), address).node
        if isinstance(node, h5py.Dataset) and len(recorded_shape(node)) < 3:
            return InMemory(small_array(node))
    return open_frames(path, address, folders=folders)


class InMemory(np.ndarray):
    """A small array that can be closed as a stack can."""

    def __new__(cls, values: np.ndarray[Any, np.dtype[Any]]) -> InMemory:
        """The same elements."""
        return values.view(cls)

    def visit_files(self) -> None:
        """All is read."""

    def close(self) -> None:
        """Nothing is open."""


def small_array(dataset: h5py.Dataset) -> np.ndarray[Any, np.dtype[Any]]:
    """All of a dataset that is not image data: fixed-length numbers or text.

    Raises
    ------
    FileUnreadable
        Raw external storage, or an element type that has no array of plain bytes.
    """
    where = f"{dataset.file.filename}:{dataset.name}"
    if dataset.external or dataset.is_virtual:
        raise FileUnreadable(
            "data of other files is read for image data only",
            found="raw external storage" if dataset.external else "a virtual dataset",
            expected="three axes or more",
            where=where,
            next_step="read it with h5py",
        )
    try:
        values = np.asarray(dataset[()])
    except (OSError, TypeError, ValueError) as error:
        raise FileUnreadable("HDF5 cannot read this dataset", found=error, where=where) from error
    if values.dtype != object:
        return values
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return np.asarray(values, dtype=bytes)
    raise FileUnreadable(
        "this element type has no plain array",
        found=dataset.dtype,
        expected="numbers or text",
        where=where,
        next_step="read it with h5py",
    )


class InSequence:
    """Stacks or arrays one after the other along axis 0, as one.

    Parameters
    ----------
    parts
        Of equal type and shape but for axis 0.
    """

    def __init__(self, parts: Sequence[Any]) -> None:
        first = parts[0]
        for part in parts[1:]:
            if part.shape[1:] != first.shape[1:] or part.dtype != first.dtype:
                raise FileUnreadable(
                    "the files of one array do not fit together",
                    found=f"{part.dtype} {part.shape}",
                    expected=f"{first.dtype} (n, {', '.join(map(str, first.shape[1:]))})",
                )
        self._parts = parts
        self._starts = np.cumsum([0, *(len(part) for part in parts)])
        self.dtype = first.dtype
        self.gaps = [gap for part in parts for gap in getattr(part, "gaps", ())]
        self.shape = (int(self._starts[-1]), *first.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray[Any, np.dtype[Any]]:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if not isinstance(first, slice):
            part = int(np.searchsorted(self._starts, first, side="right")) - 1
            return self._parts[part][(first - int(self._starts[part]), *rest)]
        wanted = range(*first.indices(len(self)))
        pieces: list[np.ndarray[Any, np.dtype[Any]]] = []
        for part, start, stop in zip(self._parts, self._starts[:-1], self._starts[1:], strict=True):
            here = [i - int(start) for i in wanted if start <= i < stop]
            if here:
                low, high, step = here[0], here[-1], wanted.step
                end = high + (1 if step > 0 else -1)
                pieces.append(part[(slice(low, None if end < 0 else end, step), *rest)])
        if not pieces:
            return self._parts[0][(slice(0, 0), *rest)]
        ordered = pieces if wanted.step > 0 else pieces[::-1]
        return np.concatenate(ordered)
