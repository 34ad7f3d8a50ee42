"""The databases behind a catalog: reached and initialised before the server says it is ready."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import asyncpg
import redis
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from tiled.alembic_utils import UninitializedDatabase, check_database, stamp_head
from tiled.catalog.alembic_constants import ALEMBIC_DIR, ALEMBIC_INI_TEMPLATE_PATH
from tiled.catalog.core import ALL_REVISIONS, REQUIRED_REVISION, initialize_database
from tiled.utils import ensure_specified_sql_driver

from framepath.errors import SettingsError

ANSWER_WITHIN_S = 10.0
"""Time that Redis gets for its first answer."""

UNREACHABLE = (
    OSError,
    ValueError,
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
"""What a database that is down, missing or closed to us raises, and an address that is none."""


def initialise(uri: str) -> None:
    """Make the tables of a new catalog; nothing is changed in one that is there.

    Raises
    ------
    SettingsError
        The database does not answer, or refuses us.
    """
    # In this process: Tiled's own option starts a second interpreter, which doubles start-up.
    try:
        uri = ensure_specified_sql_driver(uri)
        if asyncio.run(_create_tables(uri)):
            stamp_head(Path(ALEMBIC_INI_TEMPLATE_PATH), Path(ALEMBIC_DIR), uri)
    except UNREACHABLE as error:
        raise _unreachable("serve.catalog_uri", uri, error) from error


def check_tables(uri: str) -> None:
    """Reach the database of event tables, when it is a server; files are made by Tiled.

    Raises
    ------
    SettingsError
        It does not answer, or refuses us.
    """
    if not uri.startswith("postgresql"):
        return
    try:
        asyncio.run(_connect(ensure_specified_sql_driver(uri)))
    except UNREACHABLE as error:
        raise _unreachable("serve.storage_uri", uri, error) from error


def check_stream_cache(uri: str) -> None:
    """Reach Redis, when it is the cache of live subscriptions.

    Raises
    ------
    SettingsError
        It does not answer, or the address is not one of Redis.
    """
    if uri == "memory":
        return
    try:
        with redis.Redis.from_url(
            uri, socket_connect_timeout=ANSWER_WITHIN_S, socket_timeout=ANSWER_WITHIN_S
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise _unreachable("serve.stream_uri", uri, error) from error


async def _create_tables(uri: str) -> bool:
    engine = create_async_engine(uri)
    try:
        await check_database(engine, REQUIRED_REVISION, ALL_REVISIONS)
    except UninitializedDatabase:
        await initialize_database(engine)
        return True
    finally:
        await engine.dispose()
    return False


async def _connect(uri: str) -> None:
    engine = create_async_engine(uri)
    try:
        async with engine.connect():
            pass
    finally:
        await engine.dispose()


def _unreachable(field: str, uri: str, cause: Exception) -> SettingsError:
    # What cannot be parsed is quoted in the error, and may be a part of the password.
    said = "" if isinstance(cause, ValueError | ArgumentError) else str(cause).partition("\n")[0]
    return SettingsError(
        "a database of the catalog cannot be used",
        found=said or type(cause).__name__,
        expected="a running server that lets this user in",
        where=f"{field}, {_without_password(uri)}",
        next_step="start it, or correct the address, user or password; in an address @ / : % # of "
        "a password are written %40 %2F %3A %25 %23",
    )


def _without_password(uri: str) -> str:
    # Not by parsing: a password with an unescaped @ or / ends elsewhere than its writer thinks.
    return re.sub(r"(?<=://)([^:/@]*):.*@", r"\1:***@", uri)
