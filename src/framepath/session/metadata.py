"""Metadata that a RunEngine keeps between sessions."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from framepath.errors import FileUnreadable, SettingsError

SCAN_ID = "scan_id"
"""Key under which a RunEngine keeps the number of its last run."""


class KeptMetadata(MutableMapping[str, Any]):
    """A mapping that is a JSON file: every change is written at once, whole or not at all.

    Sessions may share the file: each writes the keys that it changes and no others, and sees
    those of the others when it starts. Only numbers of runs are shared while they live.

    Parameters
    ----------
    path
        The file; made with the first change. A file ``.lock`` beside it keeps sessions apart.
    always
        Values that hold in this session whatever the file says.

    Raises
    ------
    FileUnreadable
        The file is not what this class writes.
    SettingsError
        A value is put that JSON does not have; nothing changes then.
    """

    def __init__(self, path: Path, always: dict[str, Any]) -> None:
        self._path = path
        self._values = {**_read(path), **always}

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if key == SCAN_ID and value == self._values.get(key):
            return  # the engine sets what it got; another session may have raised it by now
        with self._kept() as kept:
            kept[key] = value
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        with self._kept() as kept:
            kept.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def next_scan_id(self) -> int:
        """A number that no run of any session on this file has had."""
        with self._kept() as kept:
            number = kept.get(SCAN_ID, self._values.get(SCAN_ID, 0)) + 1
            kept[SCAN_ID] = self._values[SCAN_ID] = number
        return number

    @contextmanager
    def _kept(self) -> Iterator[dict[str, Any]]:
        """What the file holds, to be changed; no other session changes it meanwhile."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = _read(self._path)
            yield kept
            self._write(kept)

    def _write(self, values: dict[str, Any]) -> None:
        try:
            text = json.dumps(values, indent=1, default=_plain)
        except (TypeError, ValueError) as error:
            raise SettingsError(
                "these metadata cannot be kept between sessions",
                found=error,
                expected="text, numbers, true, false, none, and lists and mappings of them",
                where=self._path,
                next_step="give it to one run instead: RE(plan, key=value)",
            ) from error
        new = self._path.with_suffix(".new")
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(self._path)


def scan_id_source(metadata: Any) -> int:
    """The number of a RunEngine's next run: shared between sessions where its metadata are."""
    if isinstance(metadata, KeptMetadata):
        return metadata.next_scan_id()
    return metadata.get(SCAN_ID, 0) + 1  # somebody gave the engine other metadata


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's."""
    plain = getattr(value, "tolist", None)
    if plain is None:
        raise TypeError(f"{value!r} of {type(value).__name__}")
    return plain()


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
