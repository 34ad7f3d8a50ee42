"""Failures on their way to a client: which status, and a text that names run, file, hop and cause.

Tiled's client repeats every request that ends with 429 or 500 and above, ten times in 25 s
(tiled 0.2.20, ``client/utils.py`` ``should_retry``), and drops the text of 410. What cannot succeed
gets another status below 500, whose text the client raises at once.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from framepath.errors import (
    CatalogError,
    FileMissing,
    FileUnreadable,
    FramepathError,
    LinkBroken,
    OutsideFolders,
)

FAILURES: tuple[tuple[type[FramepathError], int, str], ...] = (
    (OutsideFolders, 403, "confinement"),
    (LinkBroken, 424, "link"),
    (FileMissing, 424, "file"),
    (FileUnreadable, 422, "file"),
    (CatalogError, 409, "documents"),
    (FramepathError, 422, "reading"),
)
"""Error, HTTP status, and the hop on the frame's path that it concerns; the first that fits."""


def install(application: FastAPI) -> None:
    """Answer framepath's errors with their text, instead of a nameless 500."""
    application.add_exception_handler(FramepathError, answer)


async def answer(request: Request, error: Exception) -> JSONResponse:
    """The answer to a request that ended in one of our errors."""
    assert isinstance(error, FramepathError)
    path = request.path_params.get("path", "")
    return JSONResponse(status_code=status_and_hop(error)[0], content=body_of(error, path))


def body_of(error: FramepathError, path: str) -> dict[str, object]:
    """What a client is told: ``detail`` for people, the parts for programs."""
    hop = status_and_hop(error)[1]
    return {
        "detail": f"{place(path)}, hop {hop!r}: {error}",
        "framepath": {"node": path, "hop": hop, "error": type(error).__name__},
    }


def status_and_hop(error: FramepathError) -> tuple[int, str]:
    """The row of `FAILURES` that an error falls under."""
    return next((status, hop) for kind, status, hop in FAILURES if isinstance(error, kind))


def place(path: str) -> str:
    """What to call a node: its run, then where in the run."""
    run, _, node = path.strip("/").partition("/")
    return f"run {run}, {node}" if node else f"node {run or '/'}"
