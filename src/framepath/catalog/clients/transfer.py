"""How pixels come to the client: one request for what was asked, decoded here where possible."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
from tiled.client.utils import handle_error, retry_context

from framepath.catalog.clients.shared import SharedFiles
from framepath.catalog.keys import Key, as_text, shape_after
from framepath.codecs import codec_named
from framepath.errors import CodecError
from framepath.spec.serving import (
    FRAMES_MIMETYPE,
    FRAMES_ROUTE,
    HANDLE_HEADER,
    HANDLE_ROUTE,
    PIXELS_MIMETYPE,
)

if TYPE_CHECKING:
    from framepath.catalog.clients.frame_stack import FrameStackClient

Pixels = np.ndarray[Any, np.dtype[Any]]

PIECE_BYTES = 2**24
"""Pixels of one answer, about; more is asked for in several."""

AT_ONCE = min(4, os.cpu_count() or 1)
"""Requests under way; codecs let other threads run while they decode."""


class Transfer:
    """Fetches parts of one array: on a handle from framepath's server, else as Tiled does.

    Parameters
    ----------
    client
        The array's client; its node, credentials and retries are used.
    """

    def __init__(self, client: FrameStackClient) -> None:
        self._client = client
        self._handle: str | None = None
        self._until = 0.0
        self._offered = True
        self._shape: tuple[int, ...] = ()
        self.files = SharedFiles()

    def fetch(self, key: Key) -> Pixels | None:
        """Pixels of a part; None where the server offers no handles, and Tiled's route must do.

        They come from the files where this host sees the very files that the server would read,
        for as long as its authorisation lasts; else from the server, much of them in several
        requests at once, which share the work of decoding.

        Raises
        ------
        tiled.client.utils.ClientError
            The server could not read it.
        """
        from framepath.files import recycled

        shape = shape_after(key, self._client.shape)
        if 0 in shape:
            return np.empty(shape, self._client.dtype)
        if not self._opened():
            return None
        pixels = self.files.read(self._client.shape, self._client.dtype, key)
        if pixels is not None:
            return pixels
        out = recycled.empty(shape, self._client.dtype)
        pieces = list(self._pieces(key, out))
        if len(pieces) == 1:
            done = [self._fill(*pieces[0])]
        else:
            with ThreadPoolExecutor(AT_ONCE) as threads:
                done = list(threads.map(self._fill, *zip(*pieces, strict=True)))
        return out if all(done) else None

    def _pieces(self, key: Key, out: Pixels) -> Iterator[tuple[Key, Pixels]]:
        frames = max(1, PIECE_BYTES // max(1, math.prod(out.shape[1:]) * out.itemsize))
        first, *rest = key
        if not isinstance(first, slice) or len(out) <= frames:
            yield key, out
            return
        wanted = range(*first.indices(self._client.shape[0]))
        for begin in range(0, len(wanted), frames):
            part = wanted[begin : begin + frames]
            stop = part[-1] + (1 if part.step > 0 else -1)
            piece = slice(part[0], None if stop < 0 else stop, part.step)
            yield (piece, *rest), out[begin : begin + frames]

    def _fill(self, key: Key, out: Pixels) -> bool:
        for _ in range(2):
            if not self._opened():
                return False
            answer = self._get(FRAMES_ROUTE, {"slice": as_text(key)})
            if answer.status_code == httpx.codes.GONE:
                self._handle = None
                continue
            handle_error(answer)
            try:
                _decode_answer(answer, out, self._client.shape[1:])
            except CodecError:
                return False  # Tiled's own route decodes at the server, which names run and file
            return True
        return False

    def _opened(self) -> bool:
        # A run that goes on has more frames than when the handle was given.
        same = self._shape == self._client.shape
        if self._handle is not None and same and time.monotonic() < self._until:
            return True
        if not self._offered:
            return False
        node = self._client.uri.partition("/api/v1/metadata/")[2]
        self._handle, self._shape = None, self._client.shape
        answer = self._get(f"{HANDLE_ROUTE}/{node}", self.files.asking())
        if answer.is_error:
            # Another server, or a node inside a file: Tiled's own route reads it, or says why not.
            self._offered = answer.is_server_error
            self.files.forget()
            return False
        content = answer.json()
        self.files.take(content.get("files"))
        self._handle = content["handle"]
        self._until = time.monotonic() + content["valid_s"]
        return True

    def _get(self, route: str, parameters: dict[str, str]) -> Any:
        url = self._client.uri.partition("/api/v1/")[0] + route
        headers = {HANDLE_HEADER: self._handle} if self._handle else {}
        with self._client.context.throttle():
            for attempt in retry_context(self._client.context):
                with attempt:
                    return self._client.context.http_client.get(
                        url, headers=headers, params=parameters
                    )
        raise AssertionError("retry_context either returns or raises")


def _decode_answer(answer: Any, out: Pixels, frame_shape: tuple[int, ...]) -> None:
    body = answer.read()
    media_type = answer.headers["content-type"]
    if media_type == PIXELS_MIMETYPE:
        out[...] = np.frombuffer(body, out.dtype).reshape(out.shape)
        return
    assert media_type == FRAMES_MIMETYPE, media_type
    end = body.index(b"\n") + 1
    head = json.loads(body[:end])
    stored = np.frombuffer(body, np.uint8)
    frames = out.reshape(len(head["bytes"]), *frame_shape)
    for frame, codec, n_bytes in zip(frames, head["codecs"], head["bytes"], strict=True):
        payload, end = stored[end : end + n_bytes], end + n_bytes
        if codec is None:
            frame.reshape(-1).view(np.uint8)[:] = payload
        else:
            codec_named(codec).decode(payload, frame)
