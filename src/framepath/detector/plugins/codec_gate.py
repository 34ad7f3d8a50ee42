"""The gate of plugins that need pixels: compressed frames are counted, and said once, not lost."""

from __future__ import annotations

import logging

from framepath.detector.port import Port
from framepath.spec.frame import Frame

log = logging.getLogger(__name__)


class CodecGate:
    """Counts compressed frames in ``DroppedArrays``, as areaDetector's plugins do that are not
    compression aware.
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        self._told = False

    def lets_pass(self, frame: Frame) -> bool:
        """Whether the frame holds pixels; one that does not is counted."""
        if frame.compressed is None:
            return True
        self._port.publish("DroppedArrays", self._port.integer("DroppedArrays") + 1)
        if not self._told:
            self._told = True
            log.warning(
                "compressed frames are not processed; decompress them with Codec1 first",
                extra={"prefix": self._port.prefix, "codec": frame.compressed.codec},
            )
        return False
