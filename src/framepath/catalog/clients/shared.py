"""Read a node's frames from its files where the server has authorised it and they are visible."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any

import numpy as np

from framepath.errors import FramepathError
from framepath.spec.serving import SHARED_FILES_VARIABLE

if TYPE_CHECKING:
    from framepath.catalog.opener import Opener

Pixels = np.ndarray[Any, np.dtype[Any]]

IDLE_S = 1.0
"""Files are closed soon: HDF5 lets no process write to a file that it has open for reading."""


class SharedFiles:
    """The files of one node; without an offer of the server it reads nothing.

    Attributes
    ----------
    paths
        Files to open, in the order of their frames, as spelled by the server; () for none.
    """

    def __init__(self) -> None:
        self.paths: tuple[str, ...] = ()
        self._address = ""
        self._opener: Opener | None = None
        self._nonce = ""

    def asking(self) -> dict[str, str]:
        """Parameters of the request for a handle; none where the user wants everything by HTTP."""
        if os.environ.get(SHARED_FILES_VARIABLE, "").lower() in ("no", "off", "false", "0"):
            return {}
        self._nonce = secrets.token_hex(16)
        return {"files": self._nonce}

    def take(self, offer: dict[str, Any] | None) -> None:
        """Accept what the server offers, if every file of it is the same file here."""
        from framepath.catalog.opener import Opener
        from framepath.config.paths import PathMap
        from framepath.files.same_files import Proof, SameFiles, host_mark
        from framepath.files.stamp import Stamp

        if offer is None:
            self.forget()
            return
        files = SameFiles.confirmed(
            [Proof(path, Stamp(*stamp), digest) for path, stamp, digest in offer["files"]],
            tuple(PathMap(**each) for each in offer["path_maps"]),
            self._nonce,
            same_host=offer["host"] == host_mark(self._nonce),
        )
        if files is None:
            self.forget()
            return
        if self._opener is None or self._opener.folders != files:
            self.forget()
            self._opener = Opener(files, IDLE_S)
        self.paths, self._address = tuple(offer["paths"]), offer["address"]

    def forget(self) -> None:
        """Read nothing more until the next offer."""
        if self._opener is not None:
            self._opener.close()
        self._opener, self.paths = None, ()

    def read(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], key: tuple[Any, ...]
    ) -> Pixels | None:
        """Pixels of a part, as documented; None where the server has to answer.

        Whatever is wrong, with the files or with what is asked, the server says better: it knows
        the run, and its answer is the one that counts.
        """
        from framepath.catalog.view import in_documented_type, read_as_documented

        if self._opener is None:
            return None
        where = ", ".join(self.paths)
        try:
            with self._opener.opened(self.paths, self._address) as stack:
                if getattr(stack, "gaps", ()):
                    return None
                pixels = read_as_documented(stack, shape, key, where)
            return in_documented_type(pixels, dtype, where)
        except FramepathError:
            return None
