"""Documents of a run on disk, one JSON line each, written before anyone tries to deliver them."""

from __future__ import annotations

import fcntl
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from framepath.errors import FileUnreadable, SettingsError, WriteFailed

SUFFIX = ".jsonl"

Document = dict[str, Any]


class Journal:
    """The journal of one run, open for appending; a lock says that its session lives."""

    def __init__(self, folder: Path, run_uid: str) -> None:
        self.path = folder / f"{run_uid}{SUFFIX}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise WriteFailed(
                "cannot keep a journal of this run's documents",
                found=error.strerror,
                where=self.path,
                next_step="give DocumentWriter(folder=...) a folder that this account may write",
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise WriteFailed(
                "this run's journal cannot be locked: another writer seems to keep it",
                found=error.strerror,
                where=self.path,
                next_step="subscribe one DocumentWriter to an engine, or give each its own folder",
            ) from error

    def append(self, name: str, document: Document) -> None:
        """Add a document; it survives the end of this process, though not of the machine."""
        self._file.write(encoded(name, document) + "\n")
        self._file.flush()

    def close(self) -> None:
        """No more documents will come from this session."""
        self._file.close()


def encoded(name: str, document: Document) -> str:
    """A document as one line of JSON; numpy values become numbers and lists."""
    return json.dumps({"name": name, "doc": document}, default=_plain)


def _plain(value: Any) -> Any:
    for method in ("tolist", "isoformat"):
        if hasattr(value, method):
            return getattr(value, method)()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


class JournalReader:
    """Reads a journal from where it left off, also while it grows.

    Attributes
    ----------
    offset
        Bytes of whole documents read so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0

    def rewind(self) -> None:
        """Begin again at the first document."""
        self.offset = 0

    def read(self, at_most: int = sys.maxsize) -> list[tuple[str, Document]]:
        """Whole documents since the last call, the next ``at_most`` of them.

        Raises
        ------
        FileUnreadable
            A line is not a document.
        """
        found = []
        with self.path.open("rb") as file:
            file.seek(self.offset)
            for line in file:
                if len(found) == at_most or not line.endswith(b"\n"):
                    break  # a line without its end is still being written, or cut off by a crash
                found.append(_decoded(line, self.path))
                self.offset += len(line)
        return found


def _decoded(line: bytes, path: Path) -> tuple[str, Document]:
    try:
        entry = json.loads(line)
        return entry["name"], entry["doc"]
    except (ValueError, KeyError, TypeError) as error:
        raise FileUnreadable(
            "a line of this journal is not a document",
            found=line[:80],
            expected='{"name": ..., "doc": {...}}',
            where=path,
            next_step="cut the line out, or give up this run",
        ) from error


def read_journal(path: Path) -> list[tuple[str, Document]]:
    """All documents of a journal.

    Raises
    ------
    FileUnreadable
        It is missing or damaged, or does not begin with the start of a run.
    SettingsError
        The session that writes it is alive.
    """
    try:
        documents = JournalReader(path).read()
    except FileUnreadable:
        raise
    except OSError as error:
        raise FileUnreadable(
            "the journal cannot be read", found=error.strerror, where=path
        ) from error
    if not documents or documents[0][0] != "start":
        raise FileUnreadable(
            "this is no journal of a run",
            found=documents[0][0] if documents else "no document",
            expected="a start document first",
            where=path,
        )
    if is_in_use(path):
        raise SettingsError(
            "the session that writes this journal is alive and will deliver it",
            where=path,
            next_step="end that session first",
        )
    return documents


def is_in_use(path: Path) -> bool:
    """Whether a session still writes this journal."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def leftover_journals(folder: Path) -> Iterator[Path]:
    """Journals that no living session writes, oldest first."""
    if folder.is_dir():
        paths = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
        yield from (path for path in paths if not is_in_use(path))
