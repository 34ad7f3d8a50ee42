"""A detector's frames in the catalog: indexed like an array, one frame a request."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from tiled.client.array import ArrayClient, DaskArrayClient
from tiled.ndslice import NDSlice

from framepath.catalog.clients.health import health_of
from framepath.catalog.clients.transfer import Transfer
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
        """A Tiled dask client where the user asked for ``structure_clients="dask"``."""
        if structure_clients["array"] is DaskArrayClient:
            return DaskArrayClient(context, structure_clients=structure_clients, **rest)
        return super().__new__(cls)

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
        tiled.client.utils.ClientError
            The server could not read it; the text names the run, the file, the hop and the cause.
        """
        key = NDSlice(slice) if slice is not None else NDSlice(...)
        pixels = self._transfer.fetch(key.expand_for_shape(self.shape))
        return np.asarray(super().read(slice)) if pixels is None else pixels

    @property
    def dask(self) -> dask.array.Array:
        """The same frames as a lazy dask array, some 16 MiB a task."""
        import dask.array

        frame_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        frames = max(1, DASK_CHUNK_BYTES // max(1, frame_bytes))
        chunks: Any = (frames, *self.shape[1:])
        return dask.array.from_array(_Plain(self), chunks=chunks, asarray=False, fancy=False)

    def health(self) -> list[Finding]:
        """What is wrong between documents, files and links; empty when nothing is."""
        return health_of(self)


class _Plain:
    """What dask needs of a client: shape, type, and slices as plain arrays."""

    def __init__(self, client: FrameStackClient) -> None:
        self._client = client
        self.shape = client.shape
        self.dtype = client.dtype
        self.ndim = client.ndim

    def __getitem__(self, key: Any) -> np.ndarray[Any, np.dtype[Any]]:
        return self._client.read(key)
