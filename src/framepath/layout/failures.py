"""Why an XML text was refused, each with the words that areaDetector's status PV shows for it."""

from __future__ import annotations

from framepath.errors import LayoutError
from framepath.layout.position import Position
from framepath.spec.findings import Finding


class SourceUnreadable(LayoutError):
    """The path leads to no readable file (rule 1.3 a)."""

    status_message = "XML description file cannot be opened"


class BadXml(LayoutError):
    """The text is not well-formed XML, or holds what we refuse to parse (rule 1.3 b)."""

    status_message = "XML description file parser error"

    def __init__(self, summary: str, *, origin: str, position: Position, next_step: str) -> None:
        super().__init__(summary, where=f"{origin}, {position}", next_step=next_step)
        self.position = position

    def __reduce__(self) -> tuple[object, ...]:
        rebuild, arguments, *_ = super().__reduce__()
        return rebuild, arguments, {"position": self.position}


class LayoutRefused(LayoutError):
    """Well-formed XML that ``strict`` mode, or any mode, will not write by; lists every reason."""

    status_message = "XML layout refused, see framepath lint"

    def __init__(self, origin: str, findings: tuple[Finding, ...]) -> None:
        lines = [f"\n  {finding}" for finding in findings]
        super().__init__(
            f"layout {origin} has {len(findings)} fault(s) that lose or misplace data:"
            + "".join(lines)
        )
        self.origin = origin
        self.findings = findings

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.origin, self.findings)
