"""Which Tiled our short ways round it were written for (ADR 0008).

`lookup`, `growth` and `subscriptions` do in a few statements what Tiled does in many, and know its
tables and messages for that. With another version Tiled's own ways are taken: slower, and right.
"""

from __future__ import annotations

from importlib.metadata import version

WRITTEN_FOR = frozenset({"0.2.20"})

ARE_TAKEN = version("tiled") in WRITTEN_FOR
"""Whether the installed Tiled is one of them."""
