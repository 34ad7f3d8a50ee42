"""The embedded default: catalog, tables and key in one folder, found or made at start."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from framepath.config.settings import ServeSettings
from framepath.errors import SettingsError
from framepath.files import Folders

KEY_FILE = "api_key"
CATALOG_FILE = "catalog.db"
TABLES_FILE = "tables.duckdb"
ARRAYS_FOLDER = "arrays"
LOCK_FILE = "lock"


@dataclass(frozen=True, slots=True)
class Storage:
    """Where one server keeps what it owns.

    Attributes
    ----------
    catalog_uri, tables_uri
        Databases of the nodes and of the event tables.
    arrays
        Folder for arrays that clients send.
    api_key
        The write key.
    """

    catalog_uri: str
    tables_uri: str
    arrays: Path
    api_key: str


def prepare(settings: ServeSettings) -> Storage:
    """Make the folder and the key where they do not exist yet.

    Raises
    ------
    SettingsError
        The folder cannot be made or written, or a data folder does not exist.
    """
    for data in settings.data:
        if not data.is_dir():
            raise SettingsError(
                "a data folder does not exist",
                found=data,
                expected="a folder",
                where="serve.data, --data",
                next_step="create it, or correct the path",
            )
    folder = settings.folder.absolute()
    try:
        (folder / ARRAYS_FOLDER).mkdir(parents=True, exist_ok=True)
        key = _key(settings, folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    # Databases fail late and unclearly on a read-only folder; os.access knows it now.
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(folder, "no permission to write")
    return Storage(
        catalog_uri=settings.catalog_uri or f"sqlite:///{folder / CATALOG_FILE}",
        tables_uri=settings.storage_uri or f"duckdb:///{folder / TABLES_FILE}",
        arrays=folder / ARRAYS_FOLDER,
        api_key=key,
    )


def readable_folders(settings: ServeSettings, storage: Storage) -> Folders:
    """What the server may read: the data folders, and the arrays that clients sent it."""
    return Folders(
        readable=(*(folder.absolute() for folder in settings.data), storage.arrays),
        path_map=tuple(settings.path_maps),
        host="server",
    )


@contextlib.contextmanager
def alone(settings: ServeSettings) -> Iterator[None]:
    """The folder is this server's for as long as it runs, where databases are files in it.

    DuckDB lets one process in: of two servers, one would fail at the first run that is written.

    Raises
    ------
    SettingsError
        Another server has the folder, or its file system has no locks.
    """
    if settings.catalog_uri and settings.storage_uri:
        yield
        return
    with (settings.folder / LOCK_FILE).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise SettingsError(
                "another server has the catalog's folder",
                found=f"process {lock.read().strip() or 'unknown'}",
                expected="one server a folder",
                where=settings.folder.absolute(),
                next_step="use that one, end it, or name another folder with --folder",
            ) from error
        except OSError as error:
            raise _unwritable(settings.folder, f"no locks: {error.strerror}") from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _key(settings: ServeSettings, folder: Path) -> str:
    if settings.api_key is not None:
        return settings.api_key.get_secret_value()
    path = folder / KEY_FILE
    try:
        # Owner-only from the first byte; O_EXCL so that two servers starting agree on one key.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    key = secrets.token_hex(24)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key + "\n")
    return key


def _unwritable(folder: Path, cause: object) -> SettingsError:
    return SettingsError(
        "the catalog's folder cannot be written",
        found=cause,
        expected="a folder that this user may write",
        where=folder,
        next_step="name another with --folder, or correct its permissions",
    )
