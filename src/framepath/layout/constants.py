"""The numbers that a constant's text holds, read as ADCore reads them (rule 6.5)."""

from __future__ import annotations

import math
import re

from framepath.layout.model import ConstantType

# Possessive (++, ?+) because a C++ stream never gives digits back: "1e" is no number, not 1.
_INT = re.compile(r"[ \t\n\v\f\r]*+([+-]?[0-9]++)")
_FLOAT = re.compile(
    r"[ \t\n\v\f\r]*+([+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+)(?![eE])"
)


def parse_numbers(text: str, type: ConstantType) -> tuple[tuple[int | float, ...], str]:
    """The numbers of a comma-separated list, and the rest that was not understood.

    ``type`` is INT or FLOAT. Reading stops at the first text that is no number, at an int beyond
    32 bits and at a float beyond the range of a double; nothing is raised.
    """
    pattern = _INT if type is ConstantType.INT else _FLOAT
    numbers: list[int | float] = []
    at = 0
    while match := pattern.match(text, at):
        digits = match.group(1)
        # 32-bit ints have at most 10 digits: longer text never reaches int(), which is slow there.
        value = _int32(digits) if type is ConstantType.INT else float(digits)
        if value is None or math.isinf(value):
            break
        numbers.append(value)
        at = match.end()
        if text.startswith(",", at):
            at += 1
    return tuple(numbers), text[at:].strip(" \t\n\v\f\r")


def _int32(digits: str) -> int | None:
    significant = digits.lstrip("+-").lstrip("0")
    if len(significant) > 10:
        return None
    value = int(digits[0] + (significant or "0")) if digits[0] in "+-" else int(significant or "0")
    return value if -(2**31) <= value < 2**31 else None
