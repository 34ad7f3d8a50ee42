"""The page on detectors in continuous integration, followed in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from doc_pages import blocks


def test_a_package_of_somebody_else(tmp_path):
    for block in blocks("how-to/detector-in-ci.md"):
        if block.title:
            (tmp_path / block.title).write_text(block.text)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("EPICS_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
