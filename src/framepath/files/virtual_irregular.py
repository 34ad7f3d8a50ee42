"""Virtual datasets whose mappings only libhdf5 can take apart: read by it, once all is checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import h5py
import numpy as np

from framepath.errors import FileUnreadable, LinkBroken
from framepath.files.follow import Found, follow, open_target
from framepath.files.library_reader import LibraryReader
from framepath.files.opened import FileSet
from framepath.files.resolve import SAME_FILE
from framepath.files.source import Box, FrameSource, Gap, Pixels, StoredChunk
from framepath.spec.links import LinkKind


class IrregularVirtualFrames:
    """Frames of a virtual dataset with point selections, ragged blocks or transposed pixels.

    Every source is opened once here, so that a missing one is an error and none includes this
    dataset again. libhdf5 opens them by name once more when frames are read: where folders are
    confined, that second opening could not be checked, and such a dataset is refused.

    Raises
    ------
    LinkBroken, FileUnreadable
        A source is missing or cannot be read, or folders are confined.
    """

    def __init__(
        self, files: FileSet, found: Found, open_child: Callable[[FileSet, Found], FrameSource]
    ) -> None:
        assert isinstance(found.node, h5py.Dataset)
        self.kind = "virtual dataset"
        where = f"{found.file.path}:{found.address}"
        if files.folders is not None:
            raise FileUnreadable(
                "this virtual dataset is mapped too irregularly to be read inside fixed folders",
                where=where,
                next_step="store it as a plain dataset",
            )
        self._files = files
        self._dataset = found.node
        for file, address in {(s.file_name, s.dset_name) for s in found.node.virtual_sources()}:
            with files.another() as own:
                holder = found.file
                if file != SAME_FILE:
                    holder = open_target(own, LinkKind.VIRTUAL, file, holder, found.address)
                source = follow(own, holder, address)
                if isinstance(source.node, h5py.Dataset) and source.node.is_virtual:
                    _check_whole(open_child(own, source))
        self._reader = LibraryReader(found.node)

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, y, x, ...) as HDF5 gives it; (1, y, x) for an image."""
        return (*(1,) * (3 - self._dataset.ndim), *self._dataset.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a pixel."""
        return self._dataset.dtype

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """None: all sources were there."""
        return ()

    def read(self, frames: Sequence[int], box: Box, out: Pixels) -> None:
        """Fill ``out`` (len(frames), *box)."""
        self._reader.read(frames, box, out)

    def stored_chunk(self, frame: int) -> StoredChunk | None:
        """None: no chunk of a source is known to be one frame."""
        return None

    def visit_files(self) -> None:
        """HDF5 opens them."""

    def refresh(self) -> None:
        """Look again how large the dataset is."""
        self._dataset.refresh()

    def close(self) -> None:
        """Close every file."""
        self._files.close()


def _check_whole(source: FrameSource) -> None:
    if source.gaps:
        raise LinkBroken(
            "a virtual dataset takes pixels from another one that lacks sources",
            found=source.gaps[0].reason,
            next_step="framepath links names every source",
        )
