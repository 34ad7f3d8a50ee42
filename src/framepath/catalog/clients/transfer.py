"""How pixels come to the client: one request for what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from tiled.ndslice import NDSlice

if TYPE_CHECKING:
    from framepath.catalog.clients.frame_stack import FrameStackClient


class Transfer:
    """Fetches parts of one array.

    Parameters
    ----------
    client
        The array's client; its node, credentials and retries are used.
    """

    def __init__(self, client: FrameStackClient) -> None:
        self._client = client

    def read(self, key: NDSlice) -> np.ndarray[Any, np.dtype[Any]]:
        """Pixels of a part that fits into one response."""
        return self._client._get_slice(key)
