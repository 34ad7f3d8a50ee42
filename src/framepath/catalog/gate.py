"""The short way to frames: an ASGI application in front of Tiled's that answers handles itself."""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import parse_qs

import anyio.to_thread
import numpy as np
from tiled.ndslice import NDSlice

from framepath.catalog.failures import body_of, status_and_hop
from framepath.catalog.handle import Handle, digest
from framepath.catalog.opener import Opener
from framepath.catalog.view import read_as_documented
from framepath.errors import CatalogError, FramepathError, SettingsError
from framepath.spec.serving import (
    FRAMES_MIMETYPE,
    FRAMES_ROUTE,
    HANDLE_HEADER,
    PIXELS_MIMETYPE,
)

MOST_BYTES = 2**28
"""Pixels of one answer; our client asks for less, others are told."""

Answer = tuple[int, str, list[bytes | memoryview]]
"""Status, media type, and the parts of the body."""


class Gate:
    """Answers `FRAMES_ROUTE`; everything else goes to ``application``.

    Parameters
    ----------
    application
        The Tiled application.
    opener
        Opens files inside the readable folders.
    secret
        What handles are signed with.
    """

    def __init__(self, application: Any, opener: Opener, secret: bytes) -> None:
        self._application = application
        self._opener = opener
        self._secret = secret

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One ASGI connection."""
        if scope["type"] != "http" or scope["path"] != FRAMES_ROUTE or scope["method"] != "GET":
            await self._application(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = {k: v[0] for k, v in parse_qs(scope["query_string"].decode("latin-1")).items()}
        status, media_type, parts = await self._answer(headers, query)
        length = sum(len(part) for part in parts)
        fields = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(length).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        for number, part in enumerate(parts, 1):
            more = number < len(parts)
            await send({"type": "http.response.body", "body": bytes(part), "more_body": more})

    async def _answer(self, headers: dict[str, str], query: dict[str, str]) -> Answer:
        text = headers.get(HANDLE_HEADER.lower(), "")
        handle = Handle.verified(text, self._secret, digest(headers, query))
        if handle is None:
            return _json(410, {"detail": "the handle is not good any more: open the node again"})
        try:
            key = _key(query.get("slice", ""), handle)
            return await anyio.to_thread.run_sync(self._read, handle, key)
        except FramepathError as error:
            return _json(status_and_hop(error)[0], body_of(error, handle.node))

    def _read(self, handle: Handle, key: tuple[Any, ...]) -> Answer:
        with self._opener.opened(handle.paths, handle.address) as stack:
            if stored := _stored(stack, handle, key):
                return 200, FRAMES_MIMETYPE, stored
            where = f"{', '.join(handle.paths)}:{handle.address}"
            pixels = read_as_documented(stack, handle.shape, key, where)
        if pixels.dtype != np.dtype(handle.dtype):
            if not np.can_cast(pixels.dtype, handle.dtype, "safe"):
                raise CatalogError(
                    "the pixels in the file do not have the documented type",
                    found=f"{pixels.dtype} in the file",
                    expected=f"{handle.dtype} in the documents",
                    where=where,
                )
            pixels = pixels.astype(handle.dtype)
        return 200, PIXELS_MIMETYPE, [np.ascontiguousarray(pixels).tobytes()]


def _key(text: str, handle: Handle) -> tuple[Any, ...]:
    shape = handle.shape
    try:
        key = NDSlice.from_numpy_str(text).expand_for_shape(shape)
        n_bytes = math.prod(key.shape_after_slice(shape)) * np.dtype(handle.dtype).itemsize
    except (ValueError, IndexError, TypeError) as error:
        raise SettingsError(
            "this part cannot be asked for", found=text, expected=f"a slice of {shape}"
        ) from error
    if n_bytes > MOST_BYTES:
        raise SettingsError(
            "too much is asked for at once",
            found=f"{n_bytes} bytes",
            expected=f"{MOST_BYTES} at most",
            next_step="ask for fewer frames",
        )
    return tuple(key)


def _stored(stack: Any, handle: Handle, key: tuple[Any, ...]) -> list[bytes | memoryview]:
    """Whole frames as stored, behind a line of JSON that says how; [] for anything else."""
    if (tuple(stack.shape[1:]), stack.dtype.str) != (handle.shape[1:], handle.dtype):
        return []
    first, *rest = key
    whole = all(
        isinstance(part, slice) and part.indices(n) == (0, n, 1)
        for part, n in zip(rest, handle.shape[1:], strict=True)
    )
    if not whole or not hasattr(stack, "stored_chunk"):
        return []
    numbers = range(*first.indices(handle.shape[0])) if isinstance(first, slice) else [first]
    if not numbers or not 0 <= min(numbers) <= max(numbers) < len(stack):
        return []
    chunks = []
    for number in numbers:
        chunk = stack.stored_chunk(number)
        if chunk is None:
            return []
        chunks.append(chunk)
    codecs = [chunk.encoding.codec if chunk.encoding else None for chunk in chunks]
    head = {"codecs": codecs, "bytes": [chunk.payload.size for chunk in chunks]}
    return [json.dumps(head).encode() + b"\n", *(chunk.payload.data for chunk in chunks)]


def _json(status: int, content: dict[str, Any]) -> Answer:
    return status, "application/json", [json.dumps(content).encode()]
