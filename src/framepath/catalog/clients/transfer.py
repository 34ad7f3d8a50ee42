"""How pixels come to the client: one request for what was asked, decoded here where possible."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
from tiled.client.utils import handle_error, retry_context
from tiled.ndslice import NDSlice

from framepath.codecs import codec_named
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

WORTH_THREADS = 8
"""Frames of one answer from which decoding is shared among threads."""


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

    def read(self, key: NDSlice) -> Pixels:
        """Pixels of a part that fits into one response.

        Raises
        ------
        tiled.client.utils.ClientError
            The server could not read it.
        """
        shape = key.shape_after_slice(self._client.shape) if key else self._client.shape
        if 0 in shape:
            return np.empty(shape, self._client.dtype)
        for _ in range(2):
            if not self._opened():
                break
            answer = self._get(FRAMES_ROUTE, {"slice": key.to_numpy_str()})
            if answer.status_code == httpx.codes.GONE:
                self._handle = None
                continue
            handle_error(answer)
            return _pixels(answer, shape, self._client)
        return self._client._get_slice(key)

    def _opened(self) -> bool:
        if self._handle is not None and time.monotonic() < self._until:
            return True
        if not self._offered:
            return False
        node = self._client.uri.partition("/api/v1/metadata/")[2]
        answer = self._get(f"{HANDLE_ROUTE}/{node}", {})
        if answer.is_error:
            # Another server, or a node inside a file: Tiled's own route reads it, or says why not.
            self._offered = False
            return False
        content = answer.json()
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


def _pixels(answer: Any, shape: tuple[int, ...], client: FrameStackClient) -> Pixels:
    body = answer.read()
    media_type = answer.headers["content-type"]
    out = np.empty(shape, client.dtype)
    if media_type == PIXELS_MIMETYPE:
        out.reshape(-1)[:] = np.frombuffer(body, client.dtype)
        return out
    assert media_type == FRAMES_MIMETYPE, media_type
    end = body.index(b"\n") + 1
    head = json.loads(body[:end])
    frames = out.reshape(len(head["bytes"]), *client.shape[1:])
    stored = np.frombuffer(body, np.uint8)
    bounds = end + np.cumsum([0, *head["bytes"]])
    payloads = [stored[a:b] for a, b in itertools.pairwise(bounds.tolist())]
    list(_mapped(_decode, head["codecs"], payloads, list(frames)))
    return out


def _decode(codec: str | None, payload: Pixels, frame: Pixels) -> None:
    if codec is None:
        frame.reshape(-1).view(np.uint8)[:] = payload
    else:
        codec_named(codec).decode(payload, frame)


def _mapped(work: Callable[..., None], *columns: Sequence[Any]) -> Iterator[None]:
    # Codecs let other threads run; for a frame or two a thread costs more than it saves.
    if len(columns[0]) < WORTH_THREADS:
        yield from map(work, *columns)
        return
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        yield from threads.map(work, *columns)
