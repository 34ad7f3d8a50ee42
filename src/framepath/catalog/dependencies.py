"""Spare each request the inspection of every dependency's signature.

Tiled overrides one dependency of its application, and FastAPI 0.165 then builds the description of
every dependency of a route anew for each request (``solve_dependencies`` calls ``get_dependant``):
a third of the CPU of a request. The descriptions depend on their arguments alone, so they are kept.
"""

from __future__ import annotations

from typing import Any

from fastapi.dependencies import utils

_inspected = getattr(utils, "get_dependant", None)  # no promise of FastAPI's
_kept: dict[tuple[Any, ...], Any] = {}


def remembered(**arguments: Any) -> Any:
    """What FastAPI's ``get_dependant`` gave the last time for the same arguments."""
    key = tuple(
        (name, tuple(value) if isinstance(value, list) else value)
        for name, value in sorted(arguments.items())
    )
    found = _kept.get(key)
    if found is None:
        assert _inspected is not None  # see `install`
        # As many as the routes have dependencies; none is made by a request.
        found = _kept[key] = _inspected(**arguments)
    return found


def install() -> None:
    """Let FastAPI ask `remembered`; once for the process. A FastAPI without it stays as it is."""
    if _inspected is not None:
        utils.get_dependant = remembered
