"""The catalog of a session, found by address or by a Tiled profile."""

from __future__ import annotations

import os
from dataclasses import dataclass

import httpx
from tiled.client import from_profile, from_uri
from tiled.client.container import Container
from tiled.profiles import ProfileNotFound

from framepath.acquire.documents.delivery import RETRYABLE, will_pass
from framepath.config.settings import SessionSettings
from framepath.errors import SettingsError
from framepath.spec.serving import API_KEY_VARIABLE

PROFILE_VARIABLE = "TILED_PROFILE_NAME"
CONTAINER_VARIABLE = "TILED_PATH_NAME"
"""Environment variables that other Bluesky sessions use for the same two things."""


@dataclass(frozen=True)
class Connection:
    """A catalog, or why there is none.

    Attributes
    ----------
    settings
        What names it.
    catalog
        Client of the container that takes runs; None while there is none.
    why
        "" with a catalog, else a sentence.
    """

    settings: SessionSettings
    catalog: Container | None
    why: str = ""

    @property
    def is_configured(self) -> bool:
        """Whether settings or environment name a catalog."""
        return is_configured(self.settings)

    @property
    def address(self) -> str:
        """What names it, without a key."""
        settings = self.settings
        profile = settings.profile or os.environ.get(PROFILE_VARIABLE)
        return (settings.catalog or "").partition("?")[0] or f"profile {profile}"

    def again(self) -> Container:
        """Connect anew; what Tiled's client raises goes through."""
        return open_catalog(self.settings)


def is_configured(settings: SessionSettings) -> bool:
    """Whether settings or environment name a catalog."""
    return bool(settings.catalog or settings.profile or os.environ.get(PROFILE_VARIABLE))


def connect(settings: SessionSettings) -> Connection:
    """Connect to the catalog if it answers.

    Raises
    ------
    SettingsError
        It answers, and does not let us in, or has no such container; or the profile is unknown.
    """
    if not is_configured(settings):
        why = "no catalog is configured: runs are not kept; set session.catalog"
        return Connection(settings, None, why)
    silent = Connection(settings, None)
    try:
        return Connection(settings, open_catalog(settings))
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise _refused(silent, error) from error
    except RETRYABLE as error:
        if not will_pass(error):
            raise _refused(silent, error) from error
        why = (
            f"the catalog does not answer at {silent.address}: {error}; runs wait in "
            f"{settings.folder / 'journals'} until it does"
        )
        return Connection(settings, None, why)
    # Tiled's client raises these for a key it knows to be wrong, and for a path that is not there.
    except (KeyError, ValueError, RuntimeError, ProfileNotFound) as error:
        raise _refused(silent, error) from error


def _refused(connection: Connection, error: Exception) -> SettingsError:
    settings = connection.settings
    container = settings.container or os.environ.get(CONTAINER_VARIABLE, "")
    return SettingsError(
        "the catalog cannot be used",
        found=f"{type(error).__name__}: {_first_line(error)}",
        where=connection.address + (f", container {container}" if container else ""),
        next_step=f"check the address, session.container, and the key in {API_KEY_VARIABLE}",
    )


def _first_line(error: Exception) -> str:
    """What Tiled's client says of a key; the lines behind it show code that a session has not."""
    return next(iter(str(error).splitlines()), "")


def open_catalog(settings: SessionSettings) -> Container:
    """Connect to the container that takes runs; what Tiled's client raises goes through."""
    if settings.catalog:
        key = None if "api_key=" in settings.catalog else os.environ.get(API_KEY_VARIABLE)
        client = from_uri(settings.catalog, api_key=key)
    else:
        client = from_profile(settings.profile or os.environ[PROFILE_VARIABLE])
    path = settings.container or os.environ.get(CONTAINER_VARIABLE, "")
    if not path.strip("/"):
        return client
    try:
        # As every container does: one of runs would look for a run of that name.
        return Container.__getitem__(client, path)
    except BaseException:
        client.context.close()
        raise
