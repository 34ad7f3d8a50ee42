"""Text of docs/reference/lint-rules.md, made from the rules table.

``python -m framepath.layout.lint.page > docs/reference/lint-rules.md`` writes it anew.
"""

from __future__ import annotations

from framepath.layout.lint.run import RULES
from framepath.layout.rules import Rule

_HEAD = """\
# Lint rules

What `framepath lint LAYOUT.xml [--attributes A.xml] [--macros M] [--frame-types "..."] [--json]` \
reports.
Each finding has a line and a column, what was found and expected, what the C++ plugin does with \
it, and what to write instead.
Exit status: 0 clean, 1 errors or warnings, 2 used wrongly; notes are shown and do not count.
An *error* loses or misplaces frames or values, a *warning* may, a *note* informs.
A layout that breaks a rule marked *strict* is refused by the writer in strict mode; \
`layout-misplaced-element` and `layout-not-xml` are refused in every mode.
The numbers are those of [layout XML](layout-xml.md), with an A those of \
[NDAttributes XML](ndattributes-xml.md).
`--frame-types` takes the texts that the routing PV can have, separated by commas or blanks, each \
with its mbbo state before it or without: `0=/entry/data/data,1=/entry/data/dark`.
"""

_SECTIONS = {
    "layout": "The layout",
    "routing": "From the frame type to the dataset",
    "attributes": "The attributes file",
}

_COLUMNS = """\
| id | rule | severity | fault | what the C++ plugin does | write instead |
|---|---|---|---|---|---|
"""


def page() -> str:
    """The whole page, in Markdown."""
    sections = [
        f"\n## {title}\n\n{_COLUMNS}" + "".join(_row(rule) for rule in _rules_of(prefix))
        for prefix, title in _SECTIONS.items()
    ]
    return _HEAD + "".join(sections)


def _rules_of(prefix: str) -> list[Rule]:
    return sorted((r for r in RULES if r.id.startswith(f"{prefix}-")), key=lambda rule: rule.id)


def _row(rule: Rule) -> str:
    severity = f"{rule.severity}, strict" if rule.strict else f"{rule.severity}"
    cells = (f"`{rule.id}`", rule.reference, severity, rule.title, rule.effect, rule.next_step)
    return "| " + " | ".join(cell.replace("<", "&lt;") for cell in cells) + " |\n"


if __name__ == "__main__":
    print(page(), end="")
