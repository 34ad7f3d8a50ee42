"""Requests that nobody can answer: refused with their reason, where Tiled would fail with 500.

Tiled's client repeats a 500 for 25 s, and the connection ends with it. What is refused here was
found in tiled 0.2.20 by asking at random; it is judged by the request alone, so that a fault of the
server stays a 500 with its traceback in the log.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import tiled.queries  # noqa: F401 (fills the registry)
from fastapi import FastAPI, HTTPException, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import JSONResponse, Response
from tiled.query_registration import default_query_registry

LARGEST = 2**31 - 1
"""What an identifier or offset of PostgreSQL can be; SQLite's may be larger, but none is."""

NUMBERS = ("id", "page[offset]", "page[limit]")
"""Numbers of a query that are compared with what a database holds."""

SCALAR = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Kind:
    """What the JSON of a condition must be."""

    words: str
    fits: Callable[[Any], bool]


VALUE = Kind(
    "JSON: a number, a text in quotes, true or false", lambda value: isinstance(value, SCALAR)
)
VALUES = Kind(
    "a list of numbers or texts, as JSON",
    lambda value: isinstance(value, list) and all(isinstance(item, SCALAR) for item in value),
)
NAMES = Kind(
    "a list of texts, as JSON",
    lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
)
TEXT = Kind("a text in quotes, as JSON", lambda value: isinstance(value, str))

FILTERS = {
    **{
        f"filter[{kind}][condition][value]": VALUE
        for kind in ("eq", "noteq", "contains", "comparison")
    },
    **{f"filter[{kind}][condition][value]": VALUES for kind in ("in", "notin")},
    "filter[keys_filter][condition][keys]": NAMES,
    "filter[specs][condition][include]": NAMES,
    "filter[specs][condition][exclude]": NAMES,
    "filter[like][condition][pattern]": TEXT,
    "filter[access_tags_filter][condition][tags]": NAMES,
}
"""Conditions of a search that are JSON, and of which types (tiled 0.2.20, ``queries.py``)."""

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
    for name, kind in FILTERS.items():
        for text in query.get(name, ()):
            try:
                fits = kind.fits(json.loads(text))
            except ValueError:
                fits = False
            if not fits:
                return f"{name} is {text!r}; expected {kind.words}"
    return ""


_PART = re.compile(r"filter\[(\w+)\]\[condition\]\[(\w+)\]")


def _half_filter(path: str, query: Query) -> str:
    parts: dict[str, set[str]] = {}
    for named in filter(None, map(_PART.fullmatch, query)):
        parts.setdefault(named[1], set()).add(named[2])
    for kind, given in parts.items():
        if missing := _parts_of(kind) - given:
            return f"filter[{kind}] lacks {', '.join(sorted(missing))}"
    return ""


@cache
def _parts_of(kind: str) -> frozenset[str]:
    """What a condition of this kind consists of at least, as the class that reads it says."""
    reader = default_query_registry.name_to_query_type.get(kind)
    parts = inspect.signature(reader.decode).parameters if reader is not None else {}
    return frozenset(n for n, part in parts.items() if part.default is inspect.Parameter.empty)


def _no_text(path: str, query: Query) -> str:
    named = next((name for name, texts in query.items() if "\0" in "".join(texts)), "")
    return f"{named} has a NUL character" if named else ""


CHECKS: tuple[Callable[[str, Query], str], ...] = (
    _too_large,
    _no_chunk,
    _no_header,
    _no_filter,
    _half_filter,
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
    text = scope["query_string"].decode("latin-1")
    query = parse_qs(text, keep_blank_values=True, errors="surrogateescape")
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
