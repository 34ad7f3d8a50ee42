"""File URIs of documents, as whichever host wrote them."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from framepath.errors import CatalogError


def path_of_uri(uri: str) -> str:
    """The path in a ``file:`` URI, as its writer spells it: ``/data/x.h5`` or ``C:/data/x.h5``.

    The host part is ignored, as Tiled ignores it: path maps say whose folders are whose.

    Raises
    ------
    CatalogError
        Another scheme.
    """
    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise CatalogError(
            "only files can be read",
            found=uri,
            expected="a file: URI",
            next_step="register the file where this server can see it",
        )
    path = unquote(parts.path)
    return path[1:] if re.match(r"/[A-Za-z]:/", path) else path
