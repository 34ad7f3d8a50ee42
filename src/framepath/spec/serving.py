"""What a served catalog promises, agreed between the server, its clients and the commands."""

from __future__ import annotations

import re
from dataclasses import dataclass

READY_WORD = "ready"
"""A child process prints one line with this word to stdout once clients can connect."""

SETTINGS_FILE = "framepath.yml"
"""Settings of serve, session and demo, in the folder where they are started."""

HEALTH_ROUTE = "/custom/framepath/health"
"""Route below which a node's path gives its findings."""

HANDLE_ROUTE = "/custom/framepath/handle"
"""Route below which a node's path gives a handle: JSON ``{"handle": ..., "valid_s": ...}``.

With ``?files=NONCE`` also ``files``: where the frames are, for a client that sees the same files.
"""

FRAMES_ROUTE = "/custom/framepath/frames"
"""Route that gives the pixels of a handle: ``?slice=3`` or ``?slice=0:10,100:200,:``."""

HANDLE_HEADER = "X-Framepath-Handle"
"""Request header that carries the handle."""

ARRAY_ROUTE = "/api/v1/array/full/"
"""Tiled's own route below which a node's path gives its pixels."""

HANDLE_PARAMETER = "handle"
"""Query parameter that carries a handle in the addresses that subscribers are told."""

PIXELS_MIMETYPE = "application/octet-stream"
"""Pixels in C order, in the documented type."""

FRAMES_MIMETYPE = "application/x-framepath-frames"
"""One line of JSON, ``codecs`` (a name or null a frame) and ``bytes``; then the stored frames."""

SHARED_FILES_VARIABLE = "FRAMEPATH_SHARED_FILES"
"""Environment variable of a client: ``no`` makes it fetch all pixels from the server."""

API_KEY_VARIABLE = "FRAMEPATH_API_KEY"
"""Environment variable that carries the server's key, so that no command line shows it."""


@dataclass(frozen=True, slots=True)
class Served:
    """Where a catalog answers: what ``framepath serve`` prints and sessions connect to.

    ``uri`` without the key, e.g. ``http://127.0.0.1:8000``; ``api_key`` is the write key.
    """

    uri: str
    api_key: str

    @property
    def ready_line(self) -> str:
        """The one line that ``framepath serve`` writes to stdout once it answers."""
        return f"framepath catalog {READY_WORD} at {self.uri_with_key}"

    @classmethod
    def from_ready_line(cls, line: str) -> Served:
        """Where a catalog answers, from its ready line; ValueError when the line holds no address.

        The address is the first ``http(s)://host:port/?api_key=...`` of the line; text around it
        does not matter.
        """
        match = re.search(r"(https?://[^/\s]+)/\?api_key=([A-Za-z0-9]+)", line)
        if match is None or READY_WORD not in line:
            raise ValueError(f"not the ready line of a catalog: {line!r}")
        return cls(match.group(1), match.group(2))

    @property
    def uri_with_key(self) -> str:
        """For a browser or ``tiled.client.from_uri``."""
        return f"{self.uri}/?api_key={self.api_key}"


@dataclass(frozen=True, slots=True)
class IocReady:
    """Where an IOC answers: what ``framepath ioc`` prints once clients can connect.

    ``kind`` is the detector kind ("sim", "eiger", ...), ``prefix`` the PV prefix, ``ca`` and
    ``pva`` the ``host:port`` of its Channel Access and PVA servers.
    """

    kind: str
    prefix: str
    ca: str
    pva: str

    @property
    def line(self) -> str:
        """The one line that ``framepath ioc`` writes to stdout."""
        return f"framepath ioc {self.kind} {self.prefix} {READY_WORD} ca={self.ca} pva={self.pva}"

    @classmethod
    def from_line(cls, line: str) -> IocReady:
        """Where an IOC answers, from its ready line; ValueError when it is none."""
        match = re.search(rf"framepath ioc (\S+) (\S+) {READY_WORD} ca=(\S+) pva=(\S+)", line)
        if match is None:
            raise ValueError(f"not the ready line of an IOC: {line!r}")
        return cls(*match.groups())
