"""The settings tree: what ``framepath.yml`` may hold, each field with its unit and description.

Later releases add fields; they do not rename or reinterpret those below.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from framepath.config.paths import PathMap


def setting(default: Any, *, unit: str, description: str, **limits: Any) -> Any:
    """A field that cannot be written without a unit ("" for none) and a description."""
    return Field(
        default=default, description=description, json_schema_extra={"unit": unit}, **limits
    )


class Section(BaseModel):
    """Base of every part of the tree: unknown names are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class ServeSettings(Section):
    """How ``framepath serve`` runs the catalog."""

    host: str = setting(
        "127.0.0.1", unit="", description="Address to listen on; the default is this machine only."
    )
    port: int = setting(
        0, unit="", ge=0, le=65535, description="TCP port; 0 lets the operating system choose."
    )
    folder: Path = setting(
        Path("framepath-catalog"),
        unit="path",
        description="Folder of the embedded catalog: run documents, tables and the generated key.",
    )
    data: list[Path] = setting(
        [],
        unit="path",
        description="Folders whose image files may be read. Nothing outside them is ever opened.",
    )
    register_data: bool = setting(
        False,
        unit="",
        description="Add the files found under `data` to the catalog at start, below `files`.",
    )
    api_key: SecretStr | None = setting(
        None,
        unit="",
        description="Key needed to write, and to read unless `public`; letters and digits. "
        "None generates one and keeps it in the folder, readable by its owner only.",
    )
    public: bool = setting(False, unit="", description="Let everybody read without a key.")
    catalog_uri: str | None = setting(
        None,
        unit="uri",
        description="Database of the catalog, e.g. `postgresql://user@host/db`; "
        "None is SQLite in the folder.",
    )
    storage_uri: str | None = setting(
        None,
        unit="uri",
        description="Database of the tables of runs, e.g. `postgresql://user@host/db`; "
        "None is DuckDB in the folder.",
    )
    stream_uri: str = setting(
        "memory",
        unit="uri",
        description="Cache that live subscriptions read: `memory`, or `redis://host:port`.",
    )
    workers: int = setting(
        1,
        unit="processes",
        ge=1,
        le=64,
        description="Server processes on one port; more than one need PostgreSQL for `catalog_uri` "
        "and `storage_uri`, and Redis for `stream_uri`.",
    )
    path_maps: list[PathMap] = setting(
        [],
        unit="path",
        description="Folders that other hosts call by other names; `server` is the name here, "
        "`here` that of clients.",
    )
    share_files: bool = setting(
        True,
        unit="",
        description="Tell clients that may read a node where its files are; those that see the "
        "same files read the pixels there.",
    )
    stop_within_s: float = setting(
        5.0,
        unit="s",
        gt=0,
        description="Time that open requests and subscriptions get when the server is told to end.",
    )

    @field_validator("api_key")
    @classmethod
    def _key_is_plain(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not re.fullmatch("[A-Za-z0-9]+", key.get_secret_value()):
            raise ValueError("the key must be letters and digits only, and at least one of them")
        return key

    @model_validator(mode="after")
    def _workers_share_their_databases(self) -> ServeSettings:
        # SQLite and DuckDB files, and memory, are one process's own.
        shared = {"catalog_uri": "postgresql", "storage_uri": "postgresql", "stream_uri": "redis"}
        own = [
            f"serve.{field} ({kind})"
            for field, kind in shared.items()
            if not (getattr(self, field) or "").startswith(kind)
        ]
        if self.workers > 1 and own:
            raise ValueError(
                f"serve.workers is {self.workers}, and several workers must share their "
                f"databases; set {', '.join(own)}, or leave workers at 1"
            )
        return self


class SessionSettings(Section):
    """What ``from framepath.session import *`` sets up."""

    devices: list[Path] = setting(
        [Path("devices.yml")],
        unit="path",
        description="Files of devices, each key a creator and its entries; files that do not exist "
        "are left out.",
    )
    path_maps: list[PathMap] = setting(
        [],
        unit="path",
        description="Folders under each host's name for them; `files` of a detector may then be "
        "one path, in any host's spelling.",
    )
    catalog: str | None = setting(
        None,
        unit="uri",
        description="Address of the container that takes runs; the key may be in it or in "
        "FRAMEPATH_API_KEY. None takes `profile`.",
    )
    profile: str | None = setting(
        None,
        unit="",
        description="Tiled profile that leads to the catalog; None takes TILED_PROFILE_NAME.",
    )
    container: str = setting(
        "",
        unit="",
        description="Path of the container below that profile or address, e.g. `raw/runs`; empty "
        "takes TILED_PATH_NAME.",
    )
    folder: Path = setting(
        Path("framepath-session"),
        unit="path",
        description="Journals of documents under way, and metadata kept between sessions.",
    )
    metadata: dict[str, Any] = setting(
        {}, unit="", description="Metadata of every run, e.g. `beamline: 3ID`."
    )
    ledger: bool = setting(
        True, unit="", description="Record the ledger of framepath's detectors in every run."
    )
    references: bool = setting(
        True,
        unit="",
        description="Look up, when a run begins, which darks and flats belong to its images.",
    )
    reference_age_s: float = setting(
        43200.0, unit="s", gt=0, description="Darks and flats older than this do not count."
    )
    tables: bool = setting(
        True, unit="", description="Print readings while a run goes on (BestEffortCallback)."
    )
    connect_s: float = setting(
        5.0, unit="s", gt=0, description="Time that the PVs of all devices get to connect."
    )


class Settings(Section):
    """All of ``framepath.yml``."""

    serve: ServeSettings = setting(
        ServeSettings(), unit="", description="The catalog server (`framepath serve`)."
    )
    session: SessionSettings = setting(
        SessionSettings(), unit="", description="The Bluesky session (`framepath.session`)."
    )
