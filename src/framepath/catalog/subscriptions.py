"""References to live frames that can be fetched at once: each carries a handle.

A subscriber is told of new frames by an address of Tiled's own route, which costs some 20 ms of CPU
a request. Who was let in to listen to a node may read it (Tiled asks for the scope ``read:data``),
so its references carry a `Handle`, and `Gate` answers them; whoever cuts the handle off, or uses
other credentials, goes Tiled's way.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from tiled.structures.array import ArrayStructure
from tiled.structures.data_source import DataSource

from framepath.catalog.adapters import address_of, is_plain, paths_of
from framepath.catalog.handle import VALID_S, Handle, digest
from framepath.spec.serving import ARRAY_ROUTE, HANDLE_PARAMETER

Formatter = Callable[[Any, dict[str, Any], bytes | None], Awaitable[None]]
"""Sends one message to a subscriber: its connection, the message, a payload."""


def with_handles(formatter: Formatter) -> Formatter:
    """The same formatter, with a handle in each reference to frames."""

    async def send(websocket: Any, message: dict[str, Any], payload: bytes | None) -> None:
        if message.get("type") == "array-ref":
            message = _with_handle(websocket, message)
        await formatter(websocket, message, payload)

    return send


def _with_handle(websocket: Any, message: dict[str, Any]) -> dict[str, Any]:
    source: Any = DataSource.from_json(message["data_source"])
    if not is_plain(source):
        return message
    structure = ArrayStructure.from_json(source.structure)
    handle = Handle(
        node=message["uri"].partition(ARRAY_ROUTE)[2].partition("?")[0],
        paths=tuple(paths_of(source)),
        address=address_of(source),
        shape=structure.shape,
        dtype=structure.data_type.to_numpy_dtype().str,
        credentials=digest(websocket.headers, websocket.query_params),
        until=time.time() + VALID_S,
    )
    signed = handle.signed(websocket.app.state.framepath_secret)
    return {**message, "uri": f"{message['uri']}&{HANDLE_PARAMETER}={signed}"}
