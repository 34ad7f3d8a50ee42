"""What a browser sees: the printed address opens the catalog, and the key leaves it at once.

An address stays in the history, on the screen and in what people copy, and is told to every site
that a page links to. Tiled moves the key to a cookie and leaves it in the address (tiled 0.2.20,
``server/authentication.py`` ``move_api_key``).
"""

from __future__ import annotations

import hmac
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from framepath.catalog.handle import API_KEY_COOKIE

START = "/ui/browse/"
"""Where ``/`` leads: Tiled's web interface."""

PAGES = ("/ui", "/docs", "/redoc")
"""First parts of paths that people open; everything else is for programs."""

NO_REFERRER = (b"referrer-policy", b"no-referrer")

REFUSED = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>framepath</title>
<h1>This key is not accepted</h1>
<p>Open the address that <code>framepath serve</code> printed when it was started.</p></html>
"""


class Pages:
    """Opens pages by addresses with a key, and lets no page tell where it was opened.

    Parameters
    ----------
    application
        The Tiled application; everything that is no page goes to it unchanged.
    api_key
        The server's key.
    """

    def __init__(self, application: Any, api_key: str) -> None:
        self._application = application
        self._api_key = api_key

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One ASGI connection."""
        if not _is_page(scope):
            await self._application(scope, receive, send)
            return
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        keys = [value for name, value in query if name == "api_key"]
        rest = [(name, value) for name, value in query if name != "api_key"]
        if any(not self._is_ours(key) for key in keys):
            await _answer(send, 401, [(b"content-type", b"text/html")], REFUSED)
        elif keys or scope["path"] == "/":
            fields = [(b"location", _location(scope["path"], rest))]
            if keys:
                fields.append((b"set-cookie", self._cookie(scope["scheme"])))
            await _answer(send, 303, fields)
        else:
            await self._application(scope, receive, _without_referrer(send))

    def _is_ours(self, key: str) -> bool:
        return hmac.compare_digest(key.encode(), self._api_key.encode())

    def _cookie(self, scheme: str) -> bytes:
        cookie = SimpleCookie({API_KEY_COOKIE: self._api_key})[API_KEY_COOKIE]
        # Lax, not strict: the first click on an address in a chat or a logbook has to work.
        cookie["path"], cookie["samesite"], cookie["httponly"] = "/", "lax", True
        cookie["secure"] = scheme == "https"
        return cookie.OutputString().encode()


def _is_page(scope: Any) -> bool:
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    path = scope["path"]
    return path == "/" or any(path == page or path.startswith(f"{page}/") for page in PAGES)


def _location(path: str, query: list[tuple[str, str]]) -> bytes:
    # Never "//host": a browser would take that for another site.
    there = START if path == "/" else "/" + quote(path).lstrip("/")
    return (there + (f"?{urlencode(query)}" if query else "")).encode()


async def _answer(
    send: Any, status: int, fields: list[tuple[bytes, bytes]], body: bytes = b""
) -> None:
    fields = [
        *fields,
        NO_REFERRER,
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def _without_referrer(send: Any) -> Any:
    async def send_with_policy(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), NO_REFERRER]}
        await send(message)

    return send_with_policy
