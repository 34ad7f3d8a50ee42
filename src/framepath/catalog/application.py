"""The Tiled application: stock server, our adapters, our errors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from tiled.catalog.adapter import RootNode as RootRow
from tiled.config import Authentication, StreamingCacheConfig
from tiled.server.app import build_app
from tiled.server.settings import DatabaseSettings
from tiled.utils import ensure_specified_sql_driver

from framepath.catalog import (
    databases,
    dependencies,
    failures,
    foreign,
    formats,
    nodes,
    raw_files,
    refusals,
)
from framepath.catalog.credentials import KeyCheck
from framepath.catalog.embedded import Storage, readable_folders
from framepath.catalog.gate import Gate
from framepath.catalog.handle import secret_of
from framepath.catalog.opener import Opener
from framepath.catalog.pages import Pages
from framepath.catalog.probe import Probe
from framepath.catalog.routes import router
from framepath.config.settings import ServeSettings

RUNS_SPEC = {"name": "CatalogOfBlueskyRuns", "version": "3.0"}
"""Gives clients ``cat[-1]``, ``cat[scan_id]`` and partial uids."""


def build(
    settings: ServeSettings,
    storage: Storage,
    probe: Probe,
    routers: list[APIRouter] | None = None,
) -> Gate:
    """The ASGI application, its databases initialised.

    Parameters
    ----------
    probe
        Tries files out before they are opened.
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
    dependencies.install()
    raw_files.install()
    opener = Opener(readable_folders(settings, storage), probe=probe)
    application = build_app(
        _tree(settings, storage, opener),
        Authentication(allow_anonymous_access=settings.public, single_user_api_key=storage.api_key),
        {"streaming_cache": _stream_cache(settings)},
        serialization_registry=formats.serializers(),
        compression_registry=formats.compressors(),
        include_routers=[router, *(routers or [])],
        scalable=settings.workers > 1,
    )
    failures.install(application)
    refusals.install(application)
    setattr(application.state, raw_files.FOLDERS, opener.folders)
    application.state.framepath_secret = secret_of(storage.api_key)
    application.state.framepath_share_files = settings.share_files
    answerable = refusals.Answerable(application)
    checked = KeyCheck(answerable, None if settings.public else storage.api_key)
    pages = Pages(checked, storage.api_key)
    return Gate(pages, opener, secret_of(storage.api_key))


def _tree(settings: ServeSettings, storage: Storage, opener: Opener) -> nodes.RootNode:
    nodes.install()
    uri = ensure_specified_sql_driver(storage.catalog_uri)
    # A connection to a file does not break; asking it before each use costs a change of threads.
    asked_first = not uri.startswith("sqlite")
    database = DatabaseSettings(uri, pool_size=5, pool_pre_ping=asked_first, max_overflow=10)
    context = nodes.ConfinedContext(
        database,
        [str(storage.arrays), storage.tables_uri],
        [str(folder.absolute()) for folder in settings.data],
        foreign.readers(opener),
        _stream_cache(settings),
        opener=opener,
        arrays=Path(os.path.realpath(storage.arrays)),
    )
    return nodes.RootNode(context, RootRow(None, [RUNS_SPEC], None))


def _stream_cache(settings: ServeSettings) -> dict[str, Any]:
    return StreamingCacheConfig(uri=settings.stream_uri).model_dump()
