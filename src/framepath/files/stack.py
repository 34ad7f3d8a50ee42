"""A stack of stored frames: reads what is indexed, when it is indexed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from framepath.errors import MissingExtra, SettingsError
from framepath.files import recycled
from framepath.files.opened import hdf5_errors
from framepath.files.selection import select
from framepath.files.source import Box, FrameSource, Gap, Pixels, StoredChunk

if TYPE_CHECKING:
    import dask.array

_THREADS = min(4, os.cpu_count() or 1)
_WORTH_A_THREAD_BYTES = 2**21
_BLOCK_BYTES = 2**25


@dataclass(frozen=True, slots=True)
class Origin:
    """Where frames come from.

    ``path`` and ``address`` as opened; ``kind`` one of "dataset", "virtual dataset",
    "Eiger data files"; ``arguments`` open the same stack again in another process.
    """

    path: str
    address: str
    kind: str
    arguments: dict[str, Any]


class StoredFrames:
    """Frames along axis 0, read when indexed; a `framepath.spec.reader.FrameStack`.

    Made by `framepath.files.open_frames`; close it, or use it as a context manager. It may be read
    from several threads, and pickled (the file is opened again).

    Attributes
    ----------
    source
        Where the frames come from.
    """

    def __init__(self, frames: FrameSource, source: Origin) -> None:
        self._frames = frames
        self.source = source
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._closed = False

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, y, x), or (frames, y, x, 3) and the like, slowest axis first."""
        return self._frames.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a pixel as stored."""
        return self._frames.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Pixels in all frames."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes of all pixels once decoded."""
        return self.size * self.dtype.itemsize

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Frames whose file is missing; reading them raises. Empty when all is there."""
        return self._frames.gaps

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any, /) -> Pixels:
        wanted = select(key, self.shape)
        return wanted.applied(self._read(wanted.frames, wanted.box, None))

    def __iter__(self) -> Iterator[Pixels]:
        for n in range(len(self)):
            yield self[n]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Pixels:
        if copy is False:
            raise ValueError("frames in a file become an array only by reading, which copies them")
        pixels = self[:]
        return pixels if dtype is None else pixels.astype(dtype, copy=False)

    def blocks(self, n_frames: int | None = None, out: Pixels | None = None) -> Iterator[Pixels]:
        """All frames in order, several at a time.

        Parameters
        ----------
        n_frames
            Frames a block, the last one may hold fewer; by default about 32 MiB.
        out
            Array (n_frames, y, x) to read every block into: each block yielded is a view of it and
            lasts until the next. None gives every block memory of its own.
        """
        step = self._frames_a_block(n_frames)
        wanted = (step, *self.shape[1:])
        if out is not None and (out.shape != wanted or out.dtype != self.dtype):
            raise SettingsError(
                "the array for the blocks does not fit",
                found=f"{out.dtype} {out.shape}",
                expected=f"{self.dtype} {wanted}",
            )
        box = tuple(slice(0, n) for n in self.shape[1:])
        for start in range(0, len(self), step):
            yield self._read(range(start, min(start + step, len(self))), box, out)

    def dask(self, n_frames: int | None = None) -> dask.array.Array:
        """The same frames as a dask array, ``n_frames`` a chunk (by default about 32 MiB).

        Raises
        ------
        MissingExtra
            dask is not installed.
        """
        try:
            import dask.array
        except ImportError as error:
            raise MissingExtra(
                "a dask array needs dask", expected="dask", next_step="pip install 'dask[array]'"
            ) from error
        step = self._frames_a_block(n_frames)
        return dask.array.from_array(
            self,
            chunks=(step, *self.shape[1:]),  # type: ignore[arg-type]
            asarray=False,
            lock=False,
            meta=np.empty((0,) * self.ndim, self.dtype),
        )

    def _frames_a_block(self, n_frames: int | None) -> int:
        if n_frames is None:
            return max(1, _BLOCK_BYTES // max(self.nbytes // max(len(self), 1), 1))
        if n_frames < 1:
            raise SettingsError("blocks need at least one frame", found=n_frames, expected=">= 1")
        return n_frames

    def stored_chunk(self, frame: int) -> StoredChunk | None:
        """The stored bytes of one frame; None unless one chunk is exactly that frame."""
        (number,) = select(frame, self.shape).frames
        return self._frames.stored_chunk(number)

    def visit_files(self) -> None:
        """Open once every file that reading could need; raises what reading its frames would."""
        self._frames.visit_files()

    def refresh(self) -> int:
        """Look again how many frames a file that is being written holds, and return that."""
        with hdf5_errors(self.source.path):
            self._frames.refresh()
        return len(self)

    def close(self) -> None:
        """Close every file the stack holds open."""
        self._closed = True
        if self._pool is not None:
            self._pool.shutdown()
        self._frames.close()

    def __enter__(self) -> StoredFrames:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[object, ...]:
        from framepath.files.open_frames import open_again

        return open_again, (self.source.path, self.source.address, self.source.arguments)

    def __repr__(self) -> str:
        where = f"{self.source.path}:{self.source.address}"
        return f"<StoredFrames {self.shape} {self.dtype}, {self.source.kind} {where}>"

    def _read(self, frames: Sequence[int], box: Box, out: Pixels | None) -> Pixels:
        if self._closed:
            raise ValueError(f"the stack is closed: {self!r}")
        shape = (len(frames), *(s.stop - s.start for s in box))
        pixels = recycled.empty(shape, self.dtype) if out is None else out[: len(frames)]
        if pixels.size == 0:
            return pixels
        n_parts = min(_THREADS, len(frames), pixels.nbytes // _WORTH_A_THREAD_BYTES)
        if n_parts < 2:
            self._frames.read(frames, box, pixels)
            return pixels
        bounds = [len(frames) * n // n_parts for n in range(n_parts + 1)]
        parts = [slice(a, b) for a, b in pairwise(bounds)]
        list(self._threads().map(lambda p: self._frames.read(frames[p], box, pixels[p]), parts))
        return pixels

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="framepath-read")
            return self._pool
