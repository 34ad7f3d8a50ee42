#!/usr/bin/env python3
"""Write docs/reference/errors.md from framepath/errors.py: `make docs`."""

from __future__ import annotations

import inspect
from pathlib import Path

from framepath import errors

PAGE = Path(__file__).parent.parent / "docs/reference/errors.md"
HEAD = """# Errors

Every error that framepath raises on purpose derives from `framepath.errors.FramepathError`, and
also from the builtin that a caller would catch. Its message holds what was found, what was
expected, where, and the next step; so do its attributes `found`, `expected`, `where` and
`next_step`. This page is generated (`make docs`).

| error | also a | when |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    made = [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, errors.FramepathError)
    ]
    return HEAD + "".join(_row(error) for error in made)


def _row(error: type[errors.FramepathError]) -> str:
    bases = ", ".join(f"`{base.__name__}`" for base in error.__bases__)
    meaning = (inspect.getdoc(error) or "").partition("\n")[0]
    return f"| `{error.__name__}` | {bases} | {meaning} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
