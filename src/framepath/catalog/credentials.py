"""Keys are looked at before Tiled does: routes that forget to ask, and keys that make it fail.

Tiled 0.2.20 serves ``/zarr/`` without a look at the scopes of the request where one key is all
there is (``get_entry`` asks an access policy only): shapes, names and pixels to everybody. A key
that is not ASCII ends in ``compare_digest`` with a 500.
"""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

from fastapi.responses import JSONResponse

from framepath.catalog.handle import API_KEY_COOKIE

FORGETFUL = ("/zarr/",)
"""Where the paths begin that Tiled serves without asking for a key."""

WITHOUT_KEY = "A key is needed to read this, as ?api_key=... or Authorization: Apikey ..."


class KeyCheck:
    """Refuses keys that no server has, and requests without a key where Tiled does not ask.

    Parameters
    ----------
    application
        Gets every other connection, and judges the keys of most of them.
    needed
        The key without which nothing can be read; None where everybody may read.
    """

    def __init__(self, application: Any, needed: str | None) -> None:
        self._application = application
        self._needed = needed

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One ASGI connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        keys = _keys(scope)
        if not all(map(str.isascii, keys)):
            await _refuse("Invalid API key", scope, receive, send)
        elif self._needed and scope["path"].startswith(FORGETFUL) and not self._has(keys):
            await _refuse(WITHOUT_KEY, scope, receive, send)
        else:
            await self._application(scope, receive, send)

    def _has(self, keys: list[str]) -> bool:
        needed = (self._needed or "").encode()
        return any(hmac.compare_digest(key.encode(), needed) for key in keys)


async def _refuse(reason: str, scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await JSONResponse({"detail": reason}, status_code=401)(scope, receive, send)


def _keys(scope: Any) -> list[str]:
    keys: list[str] = []
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, key = value.decode("latin-1").partition(" ")
            keys.append(key.strip() if scheme.lower() == "apikey" else f"{scheme} {key}")
        elif name == b"cookie" and API_KEY_COOKIE.encode() in value:
            keys.append(_cookie(value.decode("latin-1")))
    if b"api_key" in scope["query_string"]:
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        keys += [value for name, value in query if name == "api_key"]
    return keys


def _cookie(text: str) -> str:
    try:
        cookie = SimpleCookie(text).get(API_KEY_COOKIE)
    except CookieError:
        return text
    return cookie.value if cookie else text
