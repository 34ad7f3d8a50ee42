"""Autosave: setpoints and state strings that survive a restart.

softioc's own saves fields and does not restore them; this one feeds them to the records before
the database is loaded, so that clients that connect see them from the start.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from framepath.detector.port import Port
from framepath.errors import FramepathError, SettingsError
from framepath.spec.params import Param
from framepath.spec.params.model import STATE_BYTES, STATE_PREFIXES

log = logging.getLogger(__name__)

INTERVAL_S = 2.0
BEFORE_OTHERS = ("CreateDirectory", "NDAttributesMacros")
"""Setpoints that must be restored before those they act on."""

_MBB = tuple(f"{start}ST" for start in STATE_PREFIXES)
STATE_FIELDS = {"bi": ("ZNAM", "ONAM"), "bo": ("ZNAM", "ONAM"), "mbbi": _MBB, "mbbo": _MBB}
"""Fields that hold the state strings, by record type."""

ReadField = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Saved:
    """What a file holds: values by ``plugin:name``, state strings by ``plugin:suffix``."""

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    states: dict[str, list[str]] = field(default_factory=dict[str, "list[str]"])

    def of_plugin(self, plugin: str) -> Saved:
        """The part of one plugin, by name and suffix alone."""

        def cut(all_of: Mapping[str, Any]) -> dict[str, Any]:
            start = f"{plugin}:"
            return {k.removeprefix(start): v for k, v in all_of.items() if k.startswith(start)}

        return Saved(cut(self.values), cut(self.states))

    def initial(self, params: Mapping[str, Param]) -> dict[str, Any]:
        """The saved values of settable rows that still fit; others are left out and logged."""
        settable = {row.name: row for row in params.values() if row.is_setpoint and row.autosaved}
        found = {name: value for name, value in self.values.items() if name in settable}
        misfits = {name: settable[name].misfit(value) for name, value in found.items()}
        for name, misfit in misfits.items():
            if misfit:
                fields = {"setting": name, "found": repr(found[name])[:80], "reason": misfit}
                log.warning("saved value does not fit", extra=fields)
        return {name: value for name, value in found.items() if not misfits[name]}

    def params(self, params: Mapping[str, Param]) -> dict[str, Param]:
        """Rows with the saved state strings."""
        return {suffix: self._with_states(suffix, row) for suffix, row in params.items()}

    def _with_states(self, suffix: str, row: Param) -> Param:
        states = self.states.get(suffix)
        if not row.states or states is None:
            return row
        if not _are_states(states, len(row.states)):
            fields = {"suffix": suffix, "found": repr(states)[:80]}
            log.warning("saved state strings do not fit", extra=fields)
            return row
        # The initial state is given by its string, which may be another now.
        return replace(row, states=tuple(states), initial=str(row.state_index(row.initial)))


def _are_states(states: object, n_states: int) -> bool:
    """Whether records can be made with these strings; a database file expands macros in them."""
    if not isinstance(states, list) or len(states) != n_states:
        return False
    return all(
        isinstance(text, str) and len(text.encode()) <= STATE_BYTES and "$" not in text
        for text in states
    )


def check_can_save(path: Path) -> None:
    """Refuse a file whose folder cannot take it, before settings are lost there.

    Raises
    ------
    SettingsError
        The folder does not exist or may not be written.
    """
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise SettingsError(
            "settings cannot be saved there",
            found="a folder that may not be written" if folder.is_dir() else "no such folder",
            where=folder,
            next_step="make the folder, or correct --save",
        )


def load_saved(path: Path) -> Saved:
    """Read a file, or the one before it when it is damaged; nothing saved when there is none."""
    for candidate in (path, _previous(path)):
        try:
            content = json.loads(candidate.read_text(encoding="utf-8"))
            return Saved(dict(content["values"]), dict(content["states"]))
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError) as error:
            log.error("autosave file is damaged", extra={"path": str(candidate), "error": error})
    return Saved()


def _previous(path: Path) -> Path:
    return path.with_name(path.name + ".previous")


def collect(
    ports: Mapping[str, Port], rows: Mapping[str, Mapping[str, Param]], read_field: ReadField
) -> Saved:
    """What is to be saved now.

    Parameters
    ----------
    ports
        By plugin.
    rows
        The tables of each plugin as they are without a file: state strings that differ are saved.
    read_field
        Gives a record's field as text.
    """
    saved = Saved()
    for plugin, port in ports.items():
        for suffix, row in rows[plugin].items():
            if row.autosaved and row.is_setpoint and (row.is_text or row.record != "waveform"):
                saved.values[f"{plugin}:{row.name}"] = port[row.name]
            if row.states and row.record in STATE_FIELDS and (row.is_setpoint or row.is_readback):
                fields = STATE_FIELDS[row.record][: len(row.states)]
                states = [read_field(f"{port.pv(suffix)}.{name}") for name in fields]
                if tuple(states) != row.states:
                    saved.states[f"{plugin}:{suffix}"] = states
    return saved


def write_saved(path: Path, saved: Saved) -> None:
    """Replace the file in one step and keep the one before it.

    Raises
    ------
    OSError
        The file system refused; the old file is whole.
    """
    temporary = path.with_name(path.name + ".new")
    content = {"values": saved.values, "states": saved.states}
    temporary.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
    if path.exists():
        path.replace(_previous(path))
    temporary.replace(path)


def restore(ports: Mapping[str, Port], values: Mapping[str, Mapping[str, Any]]) -> None:
    """Put saved values as a client would, so that paths are looked at and files read.

    Parameters
    ----------
    ports
        By plugin.
    values
        By plugin and name: what `Saved.initial` gave.
    """
    for plugin, port in ports.items():
        ours = values.get(plugin, {})
        for name in sorted(ours, key=lambda name: name not in BEFORE_OTHERS):
            try:
                port.put(name, ours[name])
            except FramepathError as error:
                log.warning("saved value is refused: %s", error, extra={"pv": port.pv(name)})
            except Exception:  # one bad setting must not keep the IOC from coming up
                log.exception("saved value cannot be put", extra={"pv": port.pv(name)})


class Autosave:
    """Saves every `INTERVAL_S` when something changed, and at the end.

    Parameters
    ----------
    path
        File; the one before it is kept with ``.previous``.
    collect_now
        Gives what is to be saved.
    """

    def __init__(self, path: Path, collect_now: Callable[[], Saved]) -> None:
        self._path = path
        self._collect = collect_now
        self._last: Saved | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="autosave", daemon=True)

    def start(self) -> None:
        """Begin to save."""
        self._thread.start()

    def stop(self) -> None:
        """Save once more and end."""
        self._stop.set()
        self._thread.join(5.0)
        self._save()

    def _work(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            self._save()

    def _save(self) -> None:
        now = self._collect()
        if now == self._last:
            return
        try:
            write_saved(self._path, now)
        except OSError as error:
            log.error("cannot save settings: %s", error, extra={"path": str(self._path)})
        else:
            self._last = now
