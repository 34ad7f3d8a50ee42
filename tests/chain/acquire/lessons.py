"""Runs the code of a tutorial page as its reader would, block after block."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TUTORIALS = Path(__file__).parents[3] / "docs/tutorials"

_BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.S | re.M)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the file it is to be saved as, its text."""

    language: str
    title: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    text = (TUTORIALS / page).read_text()
    return [
        Block(m[1], m[2] or "", m[3], text.count("\n", 0, m.start()) + 2)
        for m in _BLOCK.finditer(text)
    ]


def follow(page: str, folder: Path, instead: Mapping[str, str]) -> dict[str, Any]:
    """Save the page's files to ``folder``, run its Python, return what it defined.

    ``instead`` says what stands for the page's prefixes, folders and addresses here.
    """
    namespace: dict[str, Any] = {"__name__": page}
    for block in blocks(page):
        text = block.text
        for theirs, ours in instead.items():
            text = text.replace(theirs, ours)
        if block.title:
            (folder / block.title).write_text(text)
        elif block.language == "python":
            source = "\n" * (block.line - 1) + text
            exec(compile(source, str(TUTORIALS / page), "exec"), namespace)
    return namespace
