"""Requests that nobody can answer: refused with their reason, where Tiled would fail with 500.

Tiled's client repeats a 500 for 25 s, and the connection ends with it. What is refused here was
found in tiled 0.2.20 by asking at random; it is judged by the request alone, so that a fault of the
server stays a 500 with its traceback in the log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, HTTPException, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import JSONResponse, Response

LARGEST = 2**31 - 1
"""What an identifier or offset of PostgreSQL can be; SQLite's may be larger, but none is."""

NUMBERS = ("id", "page[offset]", "page[limit]")
"""Numbers of a query that are compared with what a database holds."""

SCALAR = (str, int, float, bool)

FILTERS: dict[str, Any] = {
    **{
        f"filter[{kind}][condition][value]": SCALAR
        for kind in ("eq", "noteq", "contains", "comparison")
    },
    **{f"filter[{kind}][condition][value]": list for kind in ("in", "notin")},
    "filter[keys_filter][condition][keys]": list,
    "filter[specs][condition][include]": list,
    "filter[specs][condition][exclude]": list,
    "filter[like][condition][pattern]": str,
}
"""Conditions of a search that are JSON, and of which types (tiled 0.2.20, ``queries.py``)."""

NAMED = {
    SCALAR: "JSON: a number, a text in quotes, true or false",
    list: "a list, as JSON",
    str: "a text in quotes, as JSON",
}

Query = Mapping[str, list[str]]


def _too_large(path: str, query: Query) -> str:
    for name in NUMBERS:
        for text in query.get(name, ()):
            if re.fullmatch(r"\s*[+-]?[0-9_]+\s*", text) and abs(int(text)) > LARGEST:
                return f"{name} is beyond {LARGEST}, which no number here is"
    return ""


def _no_chunk(path: str, query: Query) -> str:
    chunk = re.fullmatch(r"/zarr/v3/.*?/c/(.*)", path, re.DOTALL)
    if chunk and not re.fullmatch("[0-9]{1,9}(/[0-9]{1,9})*/?", chunk[1]):
        return f"{chunk[1]!r} is no chunk of an array: whole numbers between slashes are"
    return ""


def _no_header(path: str, query: Query) -> str:
    for text in query.get("filename", ()):
        if any(not " " <= character <= "\xff" or character == "\x7f" for character in text):
            return "filename has characters that a header cannot hold: leave it out, or use Latin-1"
    return ""


def _no_filter(path: str, query: Query) -> str:
    for name, texts in query.items():
        kind: Any = FILTERS.get(name)
        for text in texts if kind else ():
            try:
                fits = isinstance(json.loads(text), kind)
            except ValueError:
                fits = False
            if not fits:
                return f"{name} is {text!r}; expected {NAMED[kind]}"
    return ""


def _no_text(path: str, query: Query) -> str:
    named = next((name for name, texts in query.items() if "\0" in "".join(texts)), "")
    return f"{named} has a NUL character" if named else ""


CHECKS: tuple[Callable[[str, Query], str], ...] = (
    _too_large,
    _no_chunk,
    _no_header,
    _no_filter,
    _no_text,
)
"""Each gives the reason why a request cannot be answered, or ""."""


class Answerable:
    """Passes on the requests that can be answered.

    Parameters
    ----------
    application
        Gets them.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One ASGI connection."""
        if scope["type"] == "http" and (reason := _reason(scope)):
            refusal = JSONResponse({"detail": f"this cannot be answered: {reason}"}, 400)
            await refusal(scope, receive, send)
        else:
            await self._application(scope, receive, send)


def _reason(scope: Any) -> str:
    query = parse_qs(scope["query_string"].decode("latin-1"), errors="surrogateescape")
    return next((reason for check in CHECKS if (reason := check(scope["path"], query))), "")


def install(application: FastAPI) -> None:
    """Tell what a client knows wrongly as such, instead of a failure of the server."""
    application.add_exception_handler(HTTPException, _not_as_failure)


async def _not_as_failure(request: Request, error: Exception) -> Response:
    # "The shape expected from the structure ...", "Block index out of range": what the client knows
    # of the array is out of date.
    assert isinstance(error, HTTPException)
    if error.status_code == 500 and request.url.path.startswith("/api/v1/array/"):
        return JSONResponse({"detail": error.detail}, status_code=422)
    return await http_exception_handler(request, error)
