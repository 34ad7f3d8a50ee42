"""Metadata that a RunEngine keeps between sessions."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from framepath.errors import FileUnreadable


class KeptMetadata(MutableMapping[str, Any]):
    """A mapping that is a JSON file: every change is written at once, whole or not at all.

    Parameters
    ----------
    path
        The file; made with the first change.
    always
        Values that hold in this session whatever the file says.

    Raises
    ------
    FileUnreadable
        The file is not what this class writes.
    """

    def __init__(self, path: Path, always: dict[str, Any]) -> None:
        self._path = path
        self._values = {**_read(path), **always}

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value
        self._write()

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._write()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self._values, indent=1) + "\n", encoding="utf-8")
        new.replace(self._path)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        values = error
    if not isinstance(values, dict):
        raise FileUnreadable(
            "the kept metadata cannot be read",
            found=values,
            expected="one JSON object",
            where=path,
            next_step="correct it, or move it away and lose the next scan_id",
        )
    return values
