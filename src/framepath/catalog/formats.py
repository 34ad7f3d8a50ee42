"""What arrays and runs are sent as: Tiled's formats, but where its own way fails or costs start-up.

Tiled 0.2.20 answers 500, which its client repeats for 25 s, to an array of no elements, to JSON of
big-endian or complex numbers, and to a browser that asks for a page.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from tiled.media_type_registration import (
    CompressionRegistry,
    default_compression_registry,
    default_serialization_registry,
)
from tiled.serialization.array import as_buffer
from tiled.utils import APACHE_ARROW_FILE_MIME_TYPE, SerializationError, safe_json_dump

COMPRESSED = (
    "application/json",
    "application/x-msgpack",
    APACHE_ARROW_FILE_MIME_TYPE,
    "text/csv",
    "text/plain",
    "text/html",
)
"""What is compressed on the wire where the client accepts it."""


def compressors() -> CompressionRegistry:
    """Compressors of texts and tables.

    Not of pixels: 6 to 12 ms of CPU a frame (measured) for what loopback and 10 Gb/s do not need.
    Our own client gets them compressed as they are stored.
    """
    registry = CompressionRegistry()
    for media_type in COMPRESSED:
        for encoding in reversed(list(default_compression_registry.encodings(media_type))):
            compressor = default_compression_registry.dispatch(media_type, encoding)
            registry.register(media_type, encoding, compressor)
    return registry


def serializers() -> Any:
    """Tiled's serializers, with ours in place of those that fail; one table for the process."""
    registry = default_serialization_registry
    # Imported when first used: the exporter brings pandas and xarray, seconds of start-up.
    registry.register("BlueskyRun", "application/json-seq", _export_documents)
    registry.register("array", "application/octet-stream", _pixels)
    registry.register("array", "application/json", _json)
    registry.register("array", "text/html", _page)
    return registry


def _pixels(mimetype: str, array: Any, metadata: Any) -> memoryview | bytes:
    return as_buffer(mimetype, array, metadata) if array.size else b""


def _json(mimetype: str, array: Any, metadata: Any) -> bytes:
    if array.dtype.kind == "c":
        raise SerializationError("JSON has no complex numbers; ask for application/octet-stream")
    return safe_json_dump(np.ascontiguousarray(array, array.dtype.newbyteorder("=")))


def _page(mimetype: str, array: Any, metadata: Any) -> bytes:
    """One picture; what makes none is refused, and the refusal names the formats that there are."""
    as_png = default_serialization_registry.dispatch("array", "image/png")
    picture = base64.b64encode(as_png("image/png", array, metadata)).decode()
    return f'<!doctype html><img alt="" src="data:image/png;base64,{picture}">'.encode()


async def _export_documents(*arguments: Any) -> AsyncIterator[Any]:
    from bluesky_tiled_plugins.exporters import json_seq_exporter

    async for record in json_seq_exporter(*arguments):
        yield record
