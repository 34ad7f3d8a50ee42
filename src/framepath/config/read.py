"""Read the settings once, at the edge: environment over file over default."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from framepath.config.settings import Settings
from framepath.errors import SettingsError
from framepath.spec.serving import API_KEY_VARIABLE, SETTINGS_FILE

PREFIX = "FRAMEPATH_"
"""``FRAMEPATH_SERVE__PORT=8000`` sets ``serve.port``; the value is read as YAML."""


def read_settings(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """The settings of one process.

    Parameters
    ----------
    path
        Settings file; None takes ``framepath.yml`` of the working folder where there is one.
        Relative paths in the file are relative to the working folder.
    environment
        Variables to look at; None is this process's.
    overrides
        Section -> field -> value, e.g. from a command line; they win over everything.

    Raises
    ------
    SettingsError
        A file that is missing or not YAML, an unknown name, or a value that does not fit; the
        message holds the field, the value and where it came from.
    """
    environment = os.environ if environment is None else environment
    source = path or Path(SETTINGS_FILE)
    tree = _from_file(source) if path is not None or source.exists() else {}
    for layer in (_from_environment(environment), overrides or {}):
        for section, fields in layer.items():
            tree[section] = {**tree.get(section, {}), **fields}
    return _validated(tree, source)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(
            "the settings file cannot be read",
            found=error,
            expected="a YAML file",
            where=path,
            next_step="correct the file, or name another with --settings",
        ) from error
    if not isinstance(tree, dict) or not all(isinstance(v, dict) for v in tree.values()):
        raise SettingsError(
            "the settings file does not hold sections of fields",
            found=type(tree).__name__,
            expected="sections such as `serve:` with indented fields",
            where=path,
            next_step="see docs/reference/settings.md",
        )
    return tree


def _from_environment(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    tree: dict[str, dict[str, Any]] = {}
    for name, text in environment.items():
        section, double, field = name.removeprefix(PREFIX).lower().partition("__")
        if not (name.startswith(PREFIX) and double):
            continue
        try:
            tree.setdefault(section, {})[field] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise SettingsError(
                "an environment variable does not hold a YAML value",
                found=text,
                where=name,
                next_step="quote the value as YAML would want it",
            ) from error
    if key := environment.get(API_KEY_VARIABLE):
        tree.setdefault("serve", {})["api_key"] = key
    return tree


def _validated(tree: dict[str, Any], source: Path) -> Settings:
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {_said(fault)}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(
            "the settings do not fit",
            found=faults,
            where=f"{source}, {PREFIX}<SECTION>__<FIELD> variables and command-line options",
            next_step="see docs/reference/settings.md for every field",
        ) from error


def _said(fault: ErrorDetails) -> str:
    """What is wrong with a field, in words of the settings file."""
    if fault["type"] != "extra_forbidden":
        return fault["msg"]
    *sections, name = map(str, fault["loc"])
    known = list(_section(sections).model_fields)
    alike = difflib.get_close_matches(name, known, n=1)
    guess = f", did you mean {alike[0]}?" if alike else f"; known are {', '.join(known)}"
    return f"there is no such name{guess}"


def _section(names: list[str]) -> type[BaseModel]:
    """The model that an unknown name was met in; entries of a list count as numbers."""
    model: Any = Settings
    for name in names:
        if name.isdecimal():
            continue
        annotation = model.model_fields[name].annotation
        (model,) = get_args(annotation) or (annotation,)
    return model
