"""EPICS macro substitution as ``NDAttributesMacros`` needs it (macLib of epics-base; rule 1.4).

``$(A)``, ``${A}``, ``$(A=default)`` and ``$(A,B=scoped)``; names, defaults and values may hold
references. No reference is expanded inside single quotes, and one quote opened in the text stays
open until it is met again: an apostrophe in a comment switches expansion off. Within names, values
and defaults, quotes and backslashes are dropped; in the text itself they stay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from framepath.errors import LayoutError

MAX_EXPANDED_CHARACTERS = 1024 * 1024
"""Characters of one expansion, those passed on the way counted too: macros of macros end."""

REFERENCE_COST = 16
"""Characters that a reference counts for: one to an empty macro is work as well."""

MAX_NESTING = 32
"""References inside references."""

_BLANK = " \t\n\v\f\r"
_PLAIN = re.compile(r"""[^"'$\\=,(){}]+""")
_CLOSING = {"(": ")", "{": "}"}


class MacroError(LayoutError):
    """A macro is undefined, refers to itself, or expands beyond all bounds."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """Macros by name, and the names being expanded right now."""

    values: dict[str, str]
    open_names: frozenset[str] = field(default_factory=frozenset[str])


def parse_macros(definitions: str) -> dict[str, str]:
    """Macros of a text such as ``P=13SIM1:,R="a,b"``; values keep quotes for their expansion.

    Blanks around names and values are dropped; a name without ``=`` undefines what came before.
    """
    macros: dict[str, str] = {}
    for item in _split(definitions, ",", keep_empty=False):
        name, *value = _split(item, "=", limit=1)
        name = _unquoted(name.strip(_BLANK))
        if value:
            macros[name] = value[0].strip(_BLANK)
        else:
            macros.pop(name, None)
    return macros


def expand_macros(text: str, definitions: str) -> str:
    """``text`` with its macro references replaced; unchanged when ``definitions`` is empty.

    Raises
    ------
    MacroError
        A reference to an undefined macro without default, or to itself, or without bounds.
    """
    if not definitions:
        return text
    return _Expansion(parse_macros(definitions)).run(text)


class _Expansion:
    """One expansion; `_spend` bounds its work."""

    def __init__(self, macros: dict[str, str]) -> None:
        self._macros = macros
        self._left = MAX_EXPANDED_CHARACTERS

    def run(self, text: str) -> str:
        """The whole text, in which quotes and backslashes stay."""
        expanded, _ = self._translate(text, 0, "", _Scope(self._macros), level=0)
        return expanded

    def _translate(
        self, text: str, at: int, ends: str, scope: _Scope, level: int
    ) -> tuple[str, int]:
        """Text from ``at`` up to a character of ``ends``, expanded, and where that stands."""
        if level > MAX_NESTING:
            raise MacroError(
                f"macro references are nested more than {MAX_NESTING} deep",
                next_step="simplify the macros",
            )
        parts: list[str] = []
        quote = ""
        while at < len(text) and text[at] not in ends:
            character = text[at]
            if plain := _PLAIN.match(text, at):
                part, step = plain.group(), len(plain.group())
            elif character == quote or (not quote and character in "\"'"):
                quote = "" if quote else character
                part, step = (character if level == 0 else ""), 1
            elif character == "$" and text[at + 1 : at + 2] in _CLOSING and quote != "'":
                part, end = self._refer(text, at + 1, scope, level)
                step = end - at
            elif character == "\\" and at + 1 < len(text):
                part, step = (text[at : at + 2] if level == 0 else text[at + 1]), 2
            else:
                part, step = character, 1
            self._spend(max(len(part), 1))
            parts.append(part)
            at += step
        return "".join(parts), at

    def _refer(self, text: str, at: int, scope: _Scope, level: int) -> tuple[str, int]:
        """Value of the reference whose bracket is at ``at``, and the place after it."""
        self._spend(REFERENCE_COST)
        close = _CLOSING[text[at]]
        name, at = self._translate(text, at + 1, "=," + close, scope, level + 1)
        default_at = None
        if text[at : at + 1] == "=":
            default_at = at + 1
            at = self._skip(text, default_at, "," + close)
        values = dict(scope.values) if text[at : at + 1] == "," else scope.values
        while text[at : at + 1] == ",":
            local, at = self._translate(text, at + 1, "=," + close, scope, level + 1)
            if text[at : at + 1] == "=":
                values[local], at = self._translate(text, at + 1, "," + close, scope, level + 1)
        inner = _Scope(values, scope.open_names)
        if name in values:
            value = self._value(name, inner, level)
        elif default_at is not None:
            value, _ = self._translate(text, default_at, "," + close, inner, level + 1)
        else:
            raise MacroError(
                "a macro is not defined",
                found=f"$({name})",
                expected=f"one of {', '.join(sorted(values)) or 'none'}",
                next_step=f"define {name} in NDAttributesMacros or write $({name}=default)",
            )
        return value, at + 1

    def _value(self, name: str, scope: _Scope, level: int) -> str:
        if name in scope.open_names:
            raise MacroError(
                "a macro refers to itself", found=f"$({name})", next_step="define it by a value"
            )
        inner = _Scope(scope.values, scope.open_names | {name})
        value, _ = self._translate(scope.values[name], 0, "", inner, level + 1)
        return value

    def _skip(self, text: str, at: int, ends: str) -> int:
        """Where the default that begins at ``at`` ends; its references are not looked up."""
        depth: list[str] = []
        quote = ""
        while at < len(text) and (depth or text[at] not in ends):
            character = text[at]
            if character == quote or (not quote and character in "\"'"):
                quote = "" if quote else character
            elif character == "$" and text[at + 1 : at + 2] in _CLOSING and quote != "'":
                at += 1
                depth.append(_CLOSING[text[at]])
            elif character == "\\":
                at += 1
            elif depth and character == depth[-1]:
                depth.pop()
            at += 1
            self._spend(1)
        return at

    def _spend(self, n_characters: int) -> None:
        self._left -= n_characters
        if self._left < 0:
            raise MacroError(
                f"macros expand to more than {MAX_EXPANDED_CHARACTERS} characters",
                next_step="look for macros that hold each other several times",
            )


def _split(text: str, separator: str, limit: int = -1, keep_empty: bool = True) -> list[str]:
    """Parts between separators that stand outside quotes and are not escaped."""
    parts = [""]
    quote, at = "", 0
    while at < len(text):
        character = text[at]
        quote = ("" if character == quote else quote) if quote else _opened(character)
        if character == "\\" and at + 1 < len(text):
            parts[-1] += text[at : at + 2]
            at += 1
        elif character == separator and not quote and limit != len(parts) - 1:
            parts.append("")
        else:
            parts[-1] += character
        at += 1
    return parts if keep_empty else [part for part in parts if part.strip(_BLANK)]


def _opened(character: str) -> str:
    return character if character in "\"'" else ""


def _unquoted(text: str) -> str:
    """A name without its quotes and backslashes."""
    kept, quote, at = "", "", 0
    while at < len(text):
        character = text[at]
        if character == quote or (not quote and character in "\"'"):
            quote = "" if quote else character
        else:
            at += character == "\\" and at + 1 < len(text)
            kept += text[at]
        at += 1
    return kept
