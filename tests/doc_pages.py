"""The code on documentation pages, and how to follow a page as its reader would."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs"

_BLOCK = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.S | re.M)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the file it is to be saved as, its text, its first line."""

    language: str
    title: str
    text: str
    line: int

    def source(self, text: str | None = None) -> str:
        """Python text whose tracebacks name the page's own lines."""
        return "\n" * (self.line - 1) + (self.text if text is None else text)


def pages() -> list[str]:
    """Every page with code on it, relative to the documentation's folder."""
    found = [path.relative_to(DOCS).as_posix() for path in sorted(DOCS.rglob("*.md"))]
    return ["../README.md", *(page for page in found if blocks(page))]


def blocks(page: str) -> list[Block]:
    text = (DOCS / page).read_text()
    return [
        Block(m[1], m[2] or "", m[3], text.count("\n", 0, m.start()) + 2)
        for m in _BLOCK.finditer(text)
    ]


def follow(
    page: str,
    folder: Path,
    instead: Mapping[str, str],
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Save the page's files to ``folder``, run its Python, return what it defined.

    ``instead`` says what stands for the page's prefixes, folders and addresses here, ``given``
    what the page says its reader has already.
    """
    namespace: dict[str, Any] = {"__name__": page, **(given or {})}
    for block in blocks(page):
        text = block.text
        for theirs, ours in instead.items():
            text = text.replace(theirs, ours)
        if block.title:
            (folder / block.title).write_text(text)
        elif block.language == "python":
            exec(compile(block.source(text), str(DOCS / page), "exec"), namespace)
    return namespace
