"""A finding: what a check found, what it expected, where, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters: ERROR loses or misplaces frames, WARNING may, NOTE informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of lint, the ledger audit, the link inspector, the catalog or the doctor.

    Attributes
    ----------
    rule
        Stable identifier such as ``layout-no-det-default``; has a page in the docs.
    severity
        See `Severity`.
    found, expected
        The value met and the value, or rule, that would have served.
    where
        File, PV, HDF5 address or URL; with ``line`` and ``column`` (from 1) for text files.
    effect
        What happens if nothing is done (for lint: what the C++ plugin would do).
    next_step
        What to write or do instead.
    """

    rule: str
    severity: Severity
    found: str
    expected: str
    where: str
    next_step: str
    effect: str = ""
    line: int | None = None
    column: int | None = None

    def as_json(self) -> dict[str, object]:
        """Plain values for ``--json``; every field is present."""
        return asdict(self)

    def __str__(self) -> str:
        place = ":".join(str(p) for p in (self.where, self.line, self.column) if p is not None)
        text = (
            f"{place}: {self.severity} [{self.rule}] found {self.found}; expected {self.expected}"
        )
        if self.effect:
            text += f". Effect: {self.effect}"
        return f"{text}. Next: {self.next_step}"
