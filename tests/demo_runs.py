"""Start demos, and see what they leave."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from framepath.processes import Child

DEADLINE_S = 150.0
UP = "The servers stay up"


@dataclass(frozen=True)
class KeptDemo:
    """A demo whose servers are up: its child, its output folder, what it printed last."""

    child: Child
    output: Path
    printed: str

    @property
    def summary(self) -> dict:
        return json.loads((self.output / "summary.json").read_text())

    @property
    def exported(self) -> dict[str, str]:
        """The variables that it tells its reader to export."""
        found = re.findall(r"^\s*export (\w+)=\"?(.*?)\"?$", self.printed, flags=re.M)
        return dict(found)


def start_demo(output: Path, *options: str, **environment: str) -> Child:
    command = [sys.executable, "-m", "framepath", "demo", "--output", str(output), *options]
    # Wide, so that no path is broken; rich reads it where there is no terminal.
    return Child.start(command, name="demo", ready=UP, env={"COLUMNS": "200", **environment})


def processes_that_mention(text: str) -> list[int]:
    """Process ids whose command line holds ``text``."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue  # ended meanwhile
        if text.encode() in command:
            found.append(int(entry.name))
    return found
