"""Where in an XML text a thing stands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column in the XML text, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"
