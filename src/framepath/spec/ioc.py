"""The line with which an IOC says that clients can connect, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass

_READY = re.compile(
    r"^framepath ioc (?P<kind>\S+) (?P<prefix>\S+) ready ca=(?P<ca>\S+) pva=(?P<pva>\S+)$"
)


@dataclass(frozen=True, slots=True)
class IocAddress:
    """What the ready line says: driver, PV prefix, and ``host:port`` of both servers.

    >>> IocAddress.parse("framepath ioc sim X: ready ca=127.0.0.1:5 pva=127.0.0.1:6").ca
    '127.0.0.1:5'
    """

    kind: str
    prefix: str
    ca: str
    pva: str

    def ready_line(self) -> str:
        """The line an IOC prints."""
        return f"framepath ioc {self.kind} {self.prefix} ready ca={self.ca} pva={self.pva}"

    @classmethod
    def parse(cls, line: str) -> IocAddress:
        """Read a ready line back.

        Raises
        ------
        ValueError
            The line is none.
        """
        match = _READY.match(line.strip())
        if match is None:
            raise ValueError(
                f"{line!r} is not the ready line of an IOC: "
                "framepath ioc KIND PREFIX ready ca=HOST:PORT pva=HOST:PORT"
            )
        return cls(**match.groupdict())
