"""The reference page of PVs is what its generator makes of the tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
TOOL = REPOSITORY / "tools/make_parameter_docs.py"
PAGE = REPOSITORY / "docs/reference/parameters.md"


def test_the_page_is_up_to_date(tmp_path):
    made = tmp_path / "parameters.md"
    subprocess.run([sys.executable, TOOL, made], check=True, timeout=60)
    assert made.read_text() == PAGE.read_text(), f"run python {TOOL.relative_to(REPOSITORY)}"


def test_inert_pvs_have_their_reason_on_the_page():
    reason = "what clients read is shown in the order of the frames; by one thread"
    assert f"| image1 | {reason} | `NumThreads` |" in PAGE.read_text()
