"""Log messages as people read them: one line on stderr, with its fields."""

from __future__ import annotations

import logging
import sys

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FieldFormatter(logging.Formatter):
    """``time level logger message key=value ...``, fields in the order given."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The standard line, its fields before any traceback."""
        fields = [f"{key}={value!r}" for key, value in vars(record).items() if key not in _STANDARD]
        head, newline, trace = super().format(record).partition("\n")
        return " ".join([head, *fields]) + newline + trace


def log_to_stderr(level: str) -> None:
    """Send every message from ``level`` ("INFO", "WARNING"...) up to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FieldFormatter())
    logging.basicConfig(level=level, handlers=[handler])
