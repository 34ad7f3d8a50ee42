"""What must not be in any file: hosts of package registries, machine paths."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
FORBIDDEN = re.compile(
    r"--(extra-)?index-url|--find-links|/simple/|py" + r"pi\.org|python" + r"hosted"
    # Homes and work folders of whoever wrote it.
    r"|/" + r"root/|/" + r"work/main|/home/[a-z]+/"
)


def test_no_file_names_a_registry_or_a_machine_path():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True, text=True
    ).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        path = REPOSITORY / name
        if not path.is_file() or path == Path(__file__):
            continue
        text = path.read_text(errors="replace")
        found += [f"{name}: {match.group()}" for match in FORBIDDEN.finditer(text)]
    assert not found
