"""The short way to frames: an ASGI application in front of Tiled's that answers handles itself."""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import parse_qs

import anyio.to_thread
import numpy as np

from framepath.catalog.failures import body_of, status_and_hop
from framepath.catalog.handle import Handle, digest
from framepath.catalog.keys import Key, expanded, parsed, shape_after
from framepath.catalog.opener import Opener
from framepath.catalog.view import in_documented_type, read_as_documented
from framepath.errors import FramepathError, SettingsError
from framepath.spec.serving import (
    ARRAY_ROUTE,
    FRAMES_MIMETYPE,
    FRAMES_ROUTE,
    HANDLE_HEADER,
    HANDLE_PARAMETER,
    PIXELS_MIMETYPE,
)

MOST_BYTES = 2**28
"""Pixels of one answer; our client asks for less, others are told."""

Answer = tuple[int, str, bytes]
"""Status, media type, body."""


class Gate:
    """Answers `FRAMES_ROUTE`, and `ARRAY_ROUTE` with a handle; the rest goes to ``application``.

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
        if not _may_be_ours(scope):
            await self._application(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = {k: v[0] for k, v in parse_qs(scope["query_string"].decode("latin-1")).items()}
        if scope["path"] == FRAMES_ROUTE:
            answer = await self._answer(headers, query)
        else:
            node = scope["path"].removeprefix(ARRAY_ROUTE)
            answer = await self._pixels_told_of(node, headers, query)
        if answer is None:
            await self._application(scope, receive, send)
            return
        status, media_type, body = answer
        fields = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": body})

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

    async def _pixels_told_of(
        self, node: str, headers: dict[str, str], query: dict[str, str]
    ) -> Answer | None:
        """What Tiled's own route would answer; None where it must, and where it says what is wrong.

        Pages of other origins, too: Tiled says which of them may read the answer.
        """
        plain = PIXELS_MIMETYPE in headers.get("accept", "") and "origin" not in headers
        if not plain or query.keys() - {"slice", "api_key", HANDLE_PARAMETER}:
            return None
        text = query.get(HANDLE_PARAMETER, "")
        handle = Handle.verified(text, self._secret, digest(headers, query))
        if handle is None or handle.node != node:
            return None
        try:
            key = _key(query.get("slice", ""), handle)
            return await anyio.to_thread.run_sync(self._read, handle, key, False)
        except FramepathError:
            return None

    def _read(self, handle: Handle, key: Key, may_be_stored: bool = True) -> Answer:
        with self._opener.opened(handle.paths, handle.address) as stack:
            if may_be_stored and (stored := _stored(stack, handle, key)):
                return 200, FRAMES_MIMETYPE, stored
            where = f"{', '.join(handle.paths)}:{handle.address}"
            pixels = read_as_documented(stack, handle.shape, key, where)
        pixels = in_documented_type(pixels, np.dtype(handle.dtype), where)
        return 200, PIXELS_MIMETYPE, pixels.tobytes()


def _may_be_ours(scope: Any) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    if scope["path"] == FRAMES_ROUTE:
        return True
    told = f"{HANDLE_PARAMETER}=".encode() in scope["query_string"]
    return told and scope["path"].startswith(ARRAY_ROUTE)


def _key(text: str, handle: Handle) -> Key:
    shape = handle.shape
    try:
        key = expanded(parsed(text), shape)
    except (ValueError, IndexError) as error:
        raise SettingsError(
            "this part cannot be asked for", found=text, expected=f"a slice of {shape}"
        ) from error
    n_bytes = math.prod(shape_after(key, shape)) * np.dtype(handle.dtype).itemsize
    if n_bytes > MOST_BYTES:
        raise SettingsError(
            "too much is asked for at once",
            found=f"{n_bytes} bytes",
            expected=f"{MOST_BYTES} at most",
            next_step="ask for fewer frames",
        )
    return key


def _stored(stack: Any, handle: Handle, key: Key) -> bytes:
    """Whole frames as stored, behind a line of JSON that says how; b"" for anything else."""
    if (tuple(stack.shape[1:]), stack.dtype.str) != (handle.shape[1:], handle.dtype):
        return b""
    first, *rest = key
    whole = all(
        isinstance(part, slice) and part.indices(n) == (0, n, 1)
        for part, n in zip(rest, handle.shape[1:], strict=True)
    )
    if not whole or not hasattr(stack, "stored_chunk"):
        return b""
    numbers = range(*first.indices(handle.shape[0])) if isinstance(first, slice) else [first]
    if not numbers or not 0 <= min(numbers) <= max(numbers) < len(stack):
        return b""
    chunks = []
    for number in numbers:
        chunk = stack.stored_chunk(number)
        if chunk is None:
            return b""
        chunks.append(chunk)
    codecs = [chunk.encoding.codec if chunk.encoding else None for chunk in chunks]
    head = {"codecs": codecs, "bytes": [chunk.payload.size for chunk in chunks]}
    # One piece: each further one costs a system call and wakes the client once more.
    return b"".join([json.dumps(head).encode(), b"\n", *(chunk.payload.data for chunk in chunks)])


def _json(status: int, content: dict[str, Any]) -> Answer:
    return status, "application/json", json.dumps(content).encode()
