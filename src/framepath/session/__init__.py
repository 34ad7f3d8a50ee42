"""A Bluesky session in one import: ``from framepath.session import *``.

It reads ``framepath.yml`` of the working folder and gives ``RE``, ``cat``, ``bp``, ``bps``,
``bec``, the devices, the plans and ``preflight``. The same file serves ``framepath ipython``,
Jupyter, and a queueserver (``framepath.session.startup``). What is not there is told in warnings.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Set the session up when its first name is asked for."""
    from framepath.session.names import MODULES

    if (name.startswith("_") and name != "__all__") or name in MODULES:
        raise AttributeError(name)  # `from framepath.session import start` then imports the module
    from framepath.session.start import current

    session = current()
    if name == "__all__":
        return sorted(session.names)
    try:
        return session.names[name]
    except KeyError:
        raise AttributeError(f"the session has no {name!r}") from None
