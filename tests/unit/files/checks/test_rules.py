"""Every rule is documented with its severity, and says all that a finding has to say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from framepath.files.checks.rules import RULES, finding

PAGE = Path(__file__).parents[4] / "docs/reference/ledger.md"


def test_the_page_lists_the_rules_and_no_others():
    rows = re.findall(r"^\| `((?:ledger|eiger)-[a-z-]+)` \| (\w+) \|", PAGE.read_text(), re.M)
    assert dict(rows) == {name: str(rule.severity) for name, rule in RULES.items()}


@pytest.mark.parametrize("rule", RULES)
def test_a_finding_is_complete(rule):
    made = finding(rule, found="something", where="file")
    assert all((made.expected, made.effect, made.next_step))
    assert (made.rule, made.found, made.where) == (rule, "something", "file")
