"""The catalog of a session, found by address or by a Tiled profile."""

from __future__ import annotations

import os

from tiled.client import from_profile, from_uri
from tiled.client.container import Container

from framepath.config.settings import SessionSettings
from framepath.spec.serving import API_KEY_VARIABLE

PROFILE_VARIABLE = "TILED_PROFILE_NAME"
CONTAINER_VARIABLE = "TILED_PATH_NAME"
"""Environment variables that other Bluesky sessions use for the same two things."""


def is_configured(settings: SessionSettings) -> bool:
    """Whether settings or environment name a catalog."""
    return bool(settings.catalog or settings.profile or os.environ.get(PROFILE_VARIABLE))


def open_catalog(settings: SessionSettings) -> Container:
    """Connect to the container that takes runs; what Tiled's client raises goes through."""
    if settings.catalog:
        key = None if "api_key=" in settings.catalog else os.environ.get(API_KEY_VARIABLE)
        client = from_uri(settings.catalog, api_key=key)
    else:
        client = from_profile(settings.profile or os.environ[PROFILE_VARIABLE])
    path = settings.container or os.environ.get(CONTAINER_VARIABLE, "")
    for part in filter(None, path.split("/")):
        client = client[part]
    return client
