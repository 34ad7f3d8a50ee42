"""A Bluesky session in one import: ``from framepath.session import *``.

It reads ``framepath.yml`` of the working folder and gives ``RE``, ``cat``, ``bp``, ``bps``,
``bec``, the devices and the plans. The same line serves IPython, Jupyter and a queueserver's
startup.
"""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def _session() -> dict[str, Any]:
    from framepath.session.start import start

    return start()


def __getattr__(name: str) -> Any:
    """Set the session up when its first name is asked for."""
    if name == "__all__":
        return sorted(_session())
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        return _session()[name]
    except KeyError:
        raise AttributeError(f"the session has no {name!r}") from None
