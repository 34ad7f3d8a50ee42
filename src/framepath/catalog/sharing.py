"""Tell an authorised client which files hold a node's frames, with proof, so that it reads them.

A client on the same file system then opens what the server would open, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from framepath.catalog.opener import Opener
from framepath.errors import FramepathError
from framepath.files.same_files import host_mark, prove

MOST_FILES = 1024
"""Files of one node at most: proving a file takes some 50 us, and a client waits for all."""


def offer(opener: Opener, paths: Sequence[str], address: str, nonce: str) -> dict[str, Any] | None:
    """What a client needs to read the frames itself.

    Parameters
    ----------
    paths, address
        As documented.
    nonce
        Chosen by the client.

    Returns
    -------
    JSON: ``host`` (`host_mark`), ``paths`` to open and ``address`` in them, ``path_maps``, and
    ``files``, a `Proof` for each file that can be needed. None when there are too many, or one is
    missing or being changed.
    """
    try:
        here, stamps = opener.files_of(paths, address)
        if len(stamps) > MOST_FILES:
            return None
        proofs = [prove(path, opener.folders, nonce) for path in stamps]
    except FramepathError:
        return None  # reading it says why
    if any(proof.stamp != stamp for proof, stamp in zip(proofs, stamps.values(), strict=True)):
        return None
    return {
        "host": host_mark(nonce),
        "paths": here,
        "address": address,
        "path_maps": [each.model_dump() for each in opener.folders.path_map],
        "files": proofs,
    }
