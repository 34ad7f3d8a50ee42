"""Connect to a catalog for as long as a command lasts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from framepath.errors import CatalogError, MissingExtra


@contextlib.contextmanager
def connect(address: str) -> Iterator[Any]:
    """Tiled client of the root of a catalog; its connections are closed at the end.

    Parameters
    ----------
    address
        As ``framepath serve`` prints it: ``http://127.0.0.1:8000/?api_key=...``.

    Raises
    ------
    CatalogError
        Nothing answers there, or the key is not accepted.
    MissingExtra
        The Tiled client is not installed.
    """
    try:
        import httpx
        from tiled.client import from_uri
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "the catalog client is not installed",
            found=f"no module {error.name}",
            next_step='install it: pip install "framepath[catalog]"',
        ) from error
    try:
        catalog = from_uri(address)
    except (httpx.HTTPError, ValueError) as error:
        raise CatalogError(
            "the catalog does not answer",
            found=error,
            where=address.partition("?")[0],
            next_step="start it with framepath serve, and copy the address that it prints",
        ) from error
    try:
        yield catalog
    finally:
        catalog.context.close()
