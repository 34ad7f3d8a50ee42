"""The Tiled application: stock server, our adapters, our errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from tiled.catalog.adapter import RootNode as RootRow
from tiled.config import Authentication, StreamingCacheConfig
from tiled.media_type_registration import (
    CompressionRegistry,
    default_compression_registry,
    default_serialization_registry,
)
from tiled.server.app import build_app
from tiled.server.settings import DatabaseSettings
from tiled.utils import APACHE_ARROW_FILE_MIME_TYPE, ensure_specified_sql_driver

from framepath.catalog import databases, failures, nodes
from framepath.catalog.adapters import HDF5Reader
from framepath.catalog.embedded import Storage
from framepath.catalog.gate import Gate
from framepath.catalog.handle import secret_of
from framepath.catalog.opener import Opener
from framepath.catalog.routes import router
from framepath.config.settings import ServeSettings
from framepath.files import Folders
from framepath.spec.documents import HDF5_MIMETYPE

RUNS_SPEC = {"name": "CatalogOfBlueskyRuns", "version": "3.0"}
"""Gives clients ``cat[-1]``, ``cat[scan_id]`` and partial uids."""

COMPRESSED = (
    "application/json",
    "application/x-msgpack",
    APACHE_ARROW_FILE_MIME_TYPE,
    "text/csv",
    "text/plain",
    "text/html",
)
"""What is compressed on the wire where the client accepts it."""


def build(
    settings: ServeSettings, storage: Storage, routers: list[APIRouter] | None = None
) -> Gate:
    """The ASGI application, its databases initialised.

    Parameters
    ----------
    routers
        Further routes (the viewer's), served below ``/custom``.

    Raises
    ------
    SettingsError
        A database does not answer, or refuses us.
    """
    databases.initialise(storage.catalog_uri)
    databases.check_tables(storage.tables_uri)
    databases.check_stream_cache(settings.stream_uri)
    opener = Opener(readable_folders(settings, storage))
    application = build_app(
        _tree(settings, storage, opener),
        Authentication(allow_anonymous_access=settings.public, single_user_api_key=storage.api_key),
        {"streaming_cache": _stream_cache(settings)},
        serialization_registry=_serializers(),
        compression_registry=_compressors(),
        include_routers=[router, *(routers or [])],
        scalable=settings.workers > 1,
    )
    failures.install(application)
    application.state.framepath_secret = secret_of(storage.api_key)
    return Gate(application, opener, secret_of(storage.api_key))


def readable_folders(settings: ServeSettings, storage: Storage) -> Folders:
    """What the server may read: the data folders, and the arrays that clients sent it."""
    return Folders(
        readable=(*(folder.absolute() for folder in settings.data), storage.arrays),
        path_map=tuple(settings.path_maps),
        host="server",
    )


def _tree(settings: ServeSettings, storage: Storage, opener: Opener) -> nodes.RootNode:
    nodes.install()
    database = DatabaseSettings(
        uri=ensure_specified_sql_driver(storage.catalog_uri), pool_size=5, max_overflow=10
    )
    context = nodes.ConfinedContext(
        database,
        [str(storage.arrays), storage.tables_uri],
        [str(folder.absolute()) for folder in settings.data],
        {HDF5_MIMETYPE: HDF5Reader(opener)},
        _stream_cache(settings),
        opener=opener,
    )
    return nodes.RootNode(context, RootRow(None, [RUNS_SPEC], None))


def _stream_cache(settings: ServeSettings) -> dict[str, Any]:
    return StreamingCacheConfig(uri=settings.stream_uri).model_dump()


def _compressors() -> CompressionRegistry:
    # Not pixels: 6 to 12 ms of CPU a frame (measured) for what loopback and 10 Gb/s do not need.
    # Our own client gets them compressed as they are stored.
    registry = CompressionRegistry()
    for media_type in COMPRESSED:
        for encoding in reversed(list(default_compression_registry.encodings(media_type))):
            compressor = default_compression_registry.dispatch(media_type, encoding)
            registry.register(media_type, encoding, compressor)
    return registry


def _serializers() -> Any:
    registry = default_serialization_registry
    # Imported when first used: the exporter brings pandas and xarray, seconds of start-up.
    registry.register("BlueskyRun", "application/json-seq", _export_documents)
    return registry


async def _export_documents(*arguments: Any) -> AsyncIterator[Any]:
    from bluesky_tiled_plugins.exporters import json_seq_exporter

    async for record in json_seq_exporter(*arguments):
        yield record
