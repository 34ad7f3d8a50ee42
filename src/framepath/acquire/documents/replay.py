"""Journals that a session left behind, delivered by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tiled.client import from_profile, from_uri
from tiled.client.container import Container

from framepath.acquire.documents.delivery import RETRYABLE, UNDELIVERABLE, deliver_run
from framepath.acquire.documents.journal import read_journal
from framepath.acquire.documents.orphans import closing_stop
from framepath.errors import CatalogError
from framepath.spec.serving import API_KEY_VARIABLE


@contextmanager
def open_catalog(uri: str | None, profile: str | None) -> Iterator[Container]:
    """A connection to a catalog by its address or by a Tiled profile, closed afterwards.

    Raises
    ------
    CatalogError
        It does not answer, or does not let us in.
    """
    try:
        client: Container
        if uri is None:
            client = from_profile(profile)
        else:
            client = from_uri(uri, api_key=None if "api_key=" in uri else _key())
    except (*RETRYABLE, *UNDELIVERABLE) as error:
        raise CatalogError(
            "the catalog cannot be reached",
            found=error,
            where=uri or f"profile {profile}",
            next_step=f"check the address, and the key in it or in {API_KEY_VARIABLE}",
        ) from error
    try:
        yield client
    finally:
        client.context.close()


def _key() -> str | None:
    return os.environ.get(API_KEY_VARIABLE)


def replay_file(client: Container, path: Path) -> dict[str, str]:
    """Deliver one journal and say how it went; the file stays as it is.

    A run that its session did not close is closed in the catalog, with that as its reason.

    Raises
    ------
    FileUnreadable, SettingsError
        The file is no journal, or a session still writes it.
    CatalogError
        The catalog did not take the run.
    """
    documents = read_journal(path)
    stop = closing_stop(documents)
    if stop is not None:
        documents.append(("stop", stop))
    run_uid = documents[0][1]["uid"]
    try:
        delivered = deliver_run(client, documents)
    except (*RETRYABLE, *UNDELIVERABLE) as error:
        raise CatalogError(
            f"the catalog does not take run {run_uid}",
            found=repr(error),
            where=path,
            next_step="when the catalog answers again, repeat this command",
        ) from error
    return {
        "file": str(path),
        "outcome": "delivered" if delivered else "was there already",
        "run": run_uid,
        "documents": str(len(documents)),
    }
