"""A detector's frames in the catalog: indexed like an array, one frame a request."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from tiled.client.array import ArrayClient, DaskArrayClient

from framepath.catalog.clients.health import health_of
from framepath.catalog.clients.transfer import Transfer
from framepath.catalog.keys import expanded
from framepath.spec.findings import Finding

if TYPE_CHECKING:
    import dask.array

DASK_CHUNK_BYTES = 2**24
"""Pixels that one task of `FrameStackClient.dask` fetches."""


class FrameArray(np.ndarray):
    """Pixels that were fetched; a numpy array that also has ``read()``.

    Published lessons call ``images[0].read()`` where others use ``images[0]`` itself.
    """

    def read(self) -> np.ndarray[Any, np.dtype[Any]]:
        """The same pixels as a plain numpy array, without a copy."""
        return self.view(np.ndarray)


class FrameStackClient(ArrayClient):
    """Frames (frames, y, x) of one data key.

    ``images[3]`` and ``images[2:5, 100:200, :]`` fetch those pixels and no others; ``images.dask``
    is lazy; ``images.health()`` compares documents, files and links without reading pixels.
    """

    def __new__(cls, context: Any, *, structure_clients: Any, **rest: Any) -> Any:
        """A lazy client where the user asked for ``structure_clients="dask"``."""
        chosen: Any = LazyFrameStackClient if structure_clients["array"] is DaskArrayClient else cls
        return super().__new__(chosen)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._transfer = Transfer(self)

    def __getitem__(self, key: Any) -> FrameArray:
        return self.read(key).view(FrameArray)

    def read(self, slice: Any = None) -> np.ndarray[Any, np.dtype[Any]]:
        """Fetch a part, or everything, as a numpy array.

        Parameters
        ----------
        slice
            Integers, slices and ellipsis, as numpy takes them.

        Raises
        ------
        IndexError
            It is out of bounds, or something else.
        tiled.client.utils.ClientError
            The server could not read it; the text names the run, the file, the hop and the cause.
        """
        return self._fetched(slice)

    def _fetched(self, key: Any) -> np.ndarray[Any, np.dtype[Any]]:
        pixels = self._transfer.fetch(expanded(... if key is None else key, self.shape))
        return np.asarray(super().read(key)) if pixels is None else pixels

    @property
    def dask(self) -> dask.array.Array:
        """The same frames as a lazy dask array, some 16 MiB a task; parts fetch themselves only."""
        import dask.array

        frame_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        frames = max(1, DASK_CHUNK_BYTES // max(1, frame_bytes))
        chunks: Any = (frames, *self.shape[1:])
        return dask.array.from_array(_Plain(self), chunks=chunks, asarray=False)

    @property
    def shared_files(self) -> tuple[str, ...]:
        """Files that the last read took the pixels from; () when the server sent them.

        As the server spells them. It names them only to those who may read the node, and they are
        used only while they are the same files here. ``FRAMEPATH_SHARED_FILES=no`` turns that off.
        """
        return self._transfer.files.paths

    def health(self) -> list[Finding]:
        """What is wrong between documents, files and links; empty when nothing is."""
        return health_of(self)


class LazyFrameStackClient(FrameStackClient):
    """Frames (frames, y, x) that are read as dask arrays: nothing travels before ``compute``."""

    def __getitem__(self, key: Any) -> Any:
        return self.read(key)

    def read(self, slice: Any = None) -> Any:
        """A part, or everything, as a lazy dask array."""
        return self.dask if slice is None else self.dask[slice]


class _Plain:
    """What dask needs of a client: shape, type, and parts as plain arrays."""

    def __init__(self, client: FrameStackClient) -> None:
        self._client = client
        self.shape = client.shape
        self.dtype = client.dtype
        self.ndim = client.ndim

    def __getitem__(self, key: Any) -> np.ndarray[Any, np.dtype[Any]]:
        """Dask merges what is asked of a block into its key, lists of indices too."""
        listed = [None if isinstance(part, int | slice) else np.asarray(part) for part in key]
        bounds = [
            part if places is None else slice(int(places.min()), int(places.max()) + 1)
            for part, places in zip(key, listed, strict=True)
        ]
        pixels = self._client._fetched(tuple(bounds))
        axis = 0
        for bound, places in zip(bounds, listed, strict=True):
            if places is not None:
                pixels = pixels.take(places - bound.start, axis)
            axis += isinstance(bound, slice)
        return pixels
