"""Path maps: one folder, as the IOC, this machine and the catalog server each spell it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Host = Literal["ioc", "here", "server"]
"""Whose spelling of a path is meant."""

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")


class PathMap(BaseModel):
    """One shared folder under the name each host gives it; an empty name is not mapped."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ioc: str = Field(default="", description="folder as the IOC spells it, e.g. X:\\data")
    here: str = Field(default="", description="the same folder as this machine spells it")
    server: str = Field(default="", description="the same folder as the catalog server spells it")

    @model_validator(mode="after")
    def _two_names(self) -> PathMap:
        if sum(bool(name) for name in (self.ioc, self.here, self.server)) < 2:
            raise ValueError("a path map needs at least two of ioc, here, server")
        return self

    def translate(self, path: str, to: Host = "here") -> str | None:
        """Spell ``path`` as host ``to`` does; None when the path is not below this folder."""
        wanted = getattr(self, to)
        if not wanted:
            return None
        for host in ("ioc", "here", "server"):
            spelling = getattr(self, host)
            if host == to or not spelling:
                continue
            tail = _below(spelling, path)
            if tail is not None:
                return _joined(wanted, tail)
        return None


def translated(path: str, maps: Iterable[PathMap], to: Host = "here") -> str | None:
    """Spell ``path`` as host ``to`` does by the first map that knows it; None when none does."""
    return next((new for m in maps if (new := m.translate(path, to)) is not None), None)


def names_of(path: str, maps: Iterable[PathMap]) -> dict[Host, str] | None:
    """Every host's name for a path, by the first map that knows it under any; None when none does.

    Hosts that the map leaves out are left out.
    """
    hosts: tuple[Host, ...] = ("ioc", "here", "server")
    for found in maps:
        if any(found.translate(path, host) is not None for host in hosts):
            return {
                host: found.translate(path, host) or path for host in hosts if getattr(found, host)
            }
    return None


def is_windows_path(path: str) -> bool:
    r"""Whether a path is spelt the Windows way: ``X:\...``, ``X:/...`` or ``\\server\share``."""
    return _WINDOWS.match(path) is not None


def _pure(path: str) -> PurePosixPath | PureWindowsPath:
    return PureWindowsPath(path) if is_windows_path(path) else PurePosixPath(path)


def _below(folder: str, path: str) -> tuple[str, ...] | None:
    """Components of ``path`` below ``folder``; whole components only, Windows ignores case."""
    try:
        return _pure(path).relative_to(_pure(folder)).parts
    except (ValueError, TypeError):
        return None


def _joined(folder: str, tail: tuple[str, ...]) -> str:
    return str(_pure(folder).joinpath(*tail))
