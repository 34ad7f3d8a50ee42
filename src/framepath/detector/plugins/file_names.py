"""File names as areaDetector makes them: C printf with path, name and number, but checked."""

from __future__ import annotations

import os
import re
from pathlib import Path

from framepath.errors import SettingsError

_DIRECTIVE = re.compile(
    r"%(?P<flags>[-+ 0]*)(?P<width>\d+|\*)?(?P<precision>\.(?:\d+|\*)?)?"
    r"(?:hh|h|ll|l|j|z|t|L)?(?P<kind>.)",
    re.DOTALL,
)
_MAX_WIDTH = 255
_FOR_TEXT = frozenset("s")
_FOR_NUMBER = frozenset("diouxX")


def full_name(template: str, path: str, name: str, number: int) -> str:
    """What ``snprintf(template, path, name, number)`` gives; unused arguments are ignored.

    Raises
    ------
    SettingsError
        A directive for which C would read memory that is no argument of its type.
    """
    arguments: list[str | int] = [path, name, number]
    used = 0

    def directive(match: re.Match[str]) -> str:
        nonlocal used
        if match["kind"] == "%":
            return "%"
        if used >= len(arguments):
            raise _bad(template, f"{match[0]} is directive number {used + 1}")
        argument = arguments[used]
        used += 1
        return _formatted(template, match, argument)

    text = _DIRECTIVE.sub(directive, template)
    if re.search(r"%$", _DIRECTIVE.sub("", template)):
        raise _bad(template, "a % at the end")
    return text


def _formatted(template: str, match: re.Match[str], argument: str | int) -> str:
    flags, width, precision = match["flags"], match["width"] or "", match["precision"] or ""
    kind = match["kind"]
    fits = kind in (_FOR_TEXT if isinstance(argument, str) else _FOR_NUMBER)
    if not fits or "*" in width + precision:
        raise _bad(template, f"{match[0]} for {argument!r}")
    digits = precision.removeprefix(".") or "0"
    if int(width or 0) > _MAX_WIDTH or int(digits) > _MAX_WIDTH:
        raise _bad(template, f"{match[0]}: wider than {_MAX_WIDTH} characters")
    if isinstance(argument, str):
        text = argument[: int(digits)] if precision else argument
        return _padded(text, flags.replace("0", ""), int(width or 0))
    sign, number = _digits(flags, kind, argument)
    if precision:  # a precision switches the 0 flag off
        number = "" if argument == 0 and int(digits) == 0 else number.zfill(int(digits))
        flags = flags.replace("0", "")
    return _padded(number, flags, int(width or 0), sign)


def _digits(flags: str, kind: str, number: int) -> tuple[str, str]:
    """Sign and digits of a number without padding."""
    if kind in "di":
        sign = "-" if number < 0 else "+" if "+" in flags else " " if " " in flags else ""
        return sign, str(abs(number))
    number &= 0xFFFFFFFF  # unsigned directives see the bits of a C int
    return "", format(number, {"u": "d"}.get(kind, kind))


def _padded(text: str, flags: str, width: int, sign: str = "") -> str:
    if "-" in flags:
        return (sign + text).ljust(width)
    if "0" in flags:
        return sign + text.zfill(width - len(sign))
    return (sign + text).rjust(width)


def _bad(template: str, found: str) -> SettingsError:
    return SettingsError(
        "the file template cannot be used",
        found=found,
        expected="at most %s (path), %s (name) and %d (number), in this order",
        where=f"FileTemplate {template!r}",
        next_step="put a template such as %s%s_%3.3d.h5",
    )


def folder(path: str) -> str:
    """A path as ``FilePath_RBV`` shows it: with a trailing slash; "" stays."""
    if not path or path.endswith(os.sep):
        return path
    return path + os.sep


def create_folder(path: str, create_directory: int) -> None:
    """Make the folders of a path as ``CreateDirectory`` says, quietly not where it may not.

    0 makes none; -n at most the last n components; n all but the first n.
    """
    if create_directory == 0 or not path:
        return
    parts = Path(path).parts
    n_kept = len(parts) + create_directory if create_directory < 0 else create_directory + 1
    existing = Path(*parts[: max(n_kept, 1)])
    if existing.is_dir():
        try:
            Path(path).mkdir(parents=True, exist_ok=True)
        except OSError:
            return  # FilePathExists_RBV says No


def folder_exists(path: str) -> bool:
    """``FilePathExists_RBV``: existence only; "" is the working folder."""
    return Path(path or ".").is_dir()
