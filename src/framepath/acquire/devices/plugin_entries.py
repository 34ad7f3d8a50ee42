"""Parts of a detector as users list them: by name, or as apstools' ``ad_creator`` takes them."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from ophyd import Device

from framepath.acquire.devices.parts import MORE_PLUGINS, PartTable
from framepath.config.paths import is_windows_path
from framepath.errors import SettingsError

PluginEntry = str | Mapping[str, Mapping[str, Any] | None]
"""``stats1``, or ``{"hdf1": {"class": ..., "write_path_template": ...}}``."""

Without = Mapping[str, Iterable[str]] | Iterable[str]
"""Components left out: by part, or as a list of ``part.component`` (of ``cam`` without a dot)."""

_TEMPLATES = ("write_path_template", "read_path_template")
_FIELDS = ("class", "suffix", *_TEMPLATES, "root", "path_semantics")
_DEFAULT_PART = "cam"


def listed_parts(
    of_kind: Mapping[str, PartTable], entries: Iterable[PluginEntry]
) -> tuple[dict[str, PartTable], dict[str, str]]:
    """Part tables by attribute name, those of the kind first; and the path templates found.

    Raises
    ------
    SettingsError
        A name or a field of an entry is unknown, or a class cannot be imported.
    """
    known = {**MORE_PLUGINS, **of_kind}
    parts = dict(of_kind)
    templates: dict[str, str] = {}
    for entry in entries:
        name, fields = _name_and_fields(entry)
        if name not in known:
            raise SettingsError(
                "unknown plugin",
                found=repr(name),
                expected=", ".join(sorted(known)),
            )
        parts[name] = _changed(known[name], name, fields)
        templates |= _templates(name, fields)
    return parts, templates


def _name_and_fields(entry: PluginEntry) -> tuple[str, Mapping[str, Any]]:
    if isinstance(entry, str):
        return entry, {}
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise SettingsError(
            "not an entry of a plugin",
            found=repr(entry),
            expected="a name such as stats1, or one name with its fields below it",
        )
    ((name, fields),) = entry.items()
    fields = fields or {}
    unknown = set(fields) - set(_FIELDS)
    if unknown:
        raise SettingsError(
            f"unknown field of plugin {name}",
            found=", ".join(sorted(unknown)),
            expected=", ".join(_FIELDS),
        )
    return name, fields


def _changed(table: PartTable, name: str, fields: Mapping[str, Any]) -> PartTable:
    """The table with the PVs of another class, or with another suffix."""
    if "class" in fields:
        table = replace(table, stock_class=_device_class(name, fields["class"]))
    if "suffix" in fields:
        table = replace(table, suffix=fields["suffix"])
    return table


def _device_class(part: str, given: Any) -> type[Device]:
    found = given
    if isinstance(given, str):
        module, _, name = given.rpartition(".")
        try:
            found = getattr(importlib.import_module(module or "builtins"), name)
        except (ImportError, AttributeError) as error:
            raise SettingsError(
                f"the class of plugin {part} cannot be imported",
                found=f"{given}: {error}",
                expected="an import path such as ophyd.areadetector.EigerDetectorCam",
            ) from error
    if not (isinstance(found, type) and issubclass(found, Device)):
        raise SettingsError(
            f"the class of plugin {part} is no ophyd device", found=given, expected="a Device"
        )
    return found


def _templates(name: str, fields: Mapping[str, Any]) -> dict[str, str]:
    root = str(fields.get("root") or "")
    found = {}
    for field in _TEMPLATES:
        text = str(fields.get(field) or "")
        if text:
            found[field] = _below_root(root, text)
    if found and name != "hdf1":
        raise SettingsError(
            f"plugin {name} cannot store the frames of this detector",
            found=", ".join(f"{field}: {text}" for field, text in found.items()),
            expected="path templates at hdf1 only",
            next_step="use apstools.devices.ad_creator for a detector that stores otherwise",
        )
    return found


def _below_root(root: str, template: str) -> str:
    if not root or template.startswith("/") or is_windows_path(template):
        return template
    return str(PurePosixPath(root) / template)


def left_out(parts: Mapping[str, PartTable], without: Without) -> dict[str, list[str]]:
    """Components that the user's IOC does not have, by part.

    Raises
    ------
    SettingsError
        A part is unknown.
    """
    by_part: dict[str, list[str]] = {}
    if isinstance(without, Mapping):
        by_part = {part: list(names) for part, names in without.items()}
    else:
        for dotted in without:
            part, dot, component = dotted.partition(".")
            found = (part, component) if dot else (_DEFAULT_PART, dotted)
            by_part.setdefault(found[0], []).append(found[1])
    for part in by_part:
        if part not in parts:
            raise SettingsError(
                "unknown part of this detector",
                found=repr(part),
                expected=", ".join(sorted(parts)),
                where="without",
            )
    return by_part
