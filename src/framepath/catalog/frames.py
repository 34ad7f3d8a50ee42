"""Image data, and any other array, of a node: read when asked, one chunk a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from tiled.adapters.core import Adapter
from tiled.ndslice import NDBlock, NDSlice
from tiled.structures.array import ArrayStructure
from tiled.structures.core import StructureFamily

from framepath.catalog.opener import Opener
from framepath.catalog.view import frames_view, in_documented_type, read_as_documented
from framepath.errors import CatalogError

Array = np.ndarray[Any, np.dtype[Any]]

WHOLE = NDSlice(...)


class FramesAdapter(Adapter[ArrayStructure]):
    """One array of the catalog: opened when it is read, one chunk read a frame.

    Parameters
    ----------
    paths
        Files whose frames follow each other, as the documents spell them.
    address
        HDF5 address in each.
    structure
        As documented.
    part, squeeze
        What of the stored array the documents mean; then the whole array is read first, as
        stock Tiled does.
    """

    structure_family = StructureFamily.array

    def __init__(
        self,
        opener: Opener,
        paths: Sequence[str],
        address: str,
        structure: ArrayStructure,
        *,
        part: NDSlice | None = None,
        squeeze: bool = False,
        metadata: Any = None,
        specs: Any = None,
    ) -> None:
        super().__init__(structure, metadata=metadata, specs=specs)
        self._opener = opener
        self._paths = paths
        self._address = address
        self._part = part
        self._squeeze = squeeze
        self._view = frames_view(structure)

    def read(self, slice: tuple[Any, ...] = WHOLE) -> Array:
        """Pixels of a part, in the documented type.

        Parameters
        ----------
        slice
            An `NDSlice`; of Zarr's routes a plain tuple.

        Raises
        ------
        FramepathError
            A file, link or frame that is missing, outside the folders, or not as documented.
        """
        shape, slice = self._view.shape, NDSlice(*slice)
        if len(slice) > len(shape) and Ellipsis not in slice:
            key = tuple(slice)
        else:
            key = tuple(slice.expand_for_shape(shape)) if slice else ()
        with self._opener.opened(self._paths, self._address) as stack:
            where = f"{', '.join(self._paths)}:{self._address}"
            if self._part is not None or self._squeeze:
                pixels = self._cut(stack)[key]
            else:
                pixels = read_as_documented(stack, shape, key, where)
        return in_documented_type(pixels, self._view.data_type.to_numpy_dtype(), where)

    def read_block(self, block: NDBlock, slice: NDSlice = WHOLE) -> Array:
        """Pixels of one of the documented chunks, or a part of it."""
        chunks = self._view.chunks if len(block) == len(self._view.chunks) else None
        bounds = block.slice_from_chunks(chunks or self.structure().chunks)
        pixels = self.read(NDSlice(*bounds))
        return pixels[tuple(slice)] if slice else pixels

    def _cut(self, stack: Any) -> Array:
        pixels = np.asarray(stack[:])
        pixels = pixels[tuple(self._part)] if self._part is not None else pixels
        pixels = pixels.squeeze() if self._squeeze else pixels
        if pixels.shape[1:] == self._view.shape[1:] and len(pixels) >= self._view.shape[0]:
            return pixels[: self._view.shape[0]]
        raise CatalogError(
            "the documented part of the dataset has another shape",
            found=pixels.shape,
            expected=self._view.shape,
            where=f"{', '.join(self._paths)}:{self._address}",
            next_step="correct slice and squeeze in the device's StreamResource",
        )
