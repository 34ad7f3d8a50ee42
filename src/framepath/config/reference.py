"""The page and the JSON schema of the settings, made from the tree itself.

``python -m framepath.config.reference`` writes both; a test compares them with the tree.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from framepath.config.settings import Section, Settings

DOCS = Path(__file__).parents[3] / "docs" / "reference"
PAGE = DOCS / "settings.md"
SCHEMA = DOCS / "settings.schema.json"

HEAD = """# Settings

Settings come from, the later winning: defaults; `framepath.yml` in the folder where a command is
started (or the file that `--settings` names); environment variables; command-line options.

A variable is named `FRAMEPATH_<SECTION>__<FIELD>` and holds a YAML value, for example
`FRAMEPATH_SERVE__PORT=8000` or `FRAMEPATH_SERVE__DATA='[/data, /archive]'`. `FRAMEPATH_API_KEY`
sets `serve.api_key`. Unknown names, and values that do not fit, end the command with one line.

This page and [settings.schema.json](settings.schema.json) are made from the code by
`python -m framepath.config.reference`.
"""


def schema() -> str:
    """JSON schema of the settings file."""
    return json.dumps(Settings.model_json_schema(), indent=2) + "\n"


def page() -> str:
    """Markdown page with one table a section."""
    parts = [HEAD]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        assert isinstance(section, type)
        assert issubclass(section, Section)
        parts.append(f"\n## `{name}`\n\n{field.description}\n\n{_table(section)}")
    return "".join(parts)


def _table(section: type[Section]) -> str:
    lines = ["| field | type | default | unit | meaning |", "|---|---|---|---|---|"]
    for name, field in section.model_fields.items():
        extra: Any = field.json_schema_extra or {}
        cells = (
            f"`{name}`",
            f"`{_plain(field.annotation)}`",
            _default(field.default),
            extra["unit"],
        )
        lines.append(f"| {' | '.join(cells)} | {field.description} |")
    return "\n".join(lines) + "\n"


def _plain(annotation: Any) -> str:
    arguments = getattr(annotation, "__args__", ())
    origin = getattr(annotation, "__origin__", None)
    if origin is not None:
        return f"{origin.__name__} of {', '.join(map(_plain, arguments))}"
    if arguments:
        return " or ".join(map(_plain, arguments))
    return "none" if annotation is type(None) else annotation.__name__


def _default(value: Any) -> str:
    return f"`{value}`" if value not in ([], {}, "") else "(empty)"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")
