"""What a lint looks at, and what a check is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from framepath.errors import SettingsError
from framepath.layout.attributes_model import AttributeSet
from framepath.layout.model import Layout
from framepath.layout.rules import Hit, Rule

MBBO_STATES = 16
"""States of an mbbo record."""

_WITH_STATE = re.compile(r"([A-Za-z0-9_]{1,32})=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FrameTypeText:
    """A text that the routing attribute can have; ``state`` names the mbbo state, "" for none."""

    destination: str
    state: str = ""

    def __str__(self) -> str:
        return (
            f"state {self.state}: {self.destination!r}" if self.state else f"{self.destination!r}"
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """A layout with what is known of the rest; None for what was not given."""

    layout: Layout
    attributes: AttributeSet | None = None
    frame_types: tuple[FrameTypeText, ...] | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A row of the table of checks: the rule, and the function that finds where it is broken."""

    rule: Rule
    find: Callable[[Subject], Iterable[Hit]]


def parse_frame_types(text: str) -> tuple[FrameTypeText, ...]:
    """Destinations separated by commas or blanks, each with ``state=`` before it or without.

    Raises
    ------
    SettingsError
        There is none, a state is given twice, or an mbbo has no state of that number.
    """
    items = [item for item in re.split(r"[,\s]+", text) if item]
    texts = tuple(
        FrameTypeText(match[2], match[1])
        if (match := _WITH_STATE.fullmatch(item))
        else FrameTypeText(item)
        for item in items
    )
    states = [text.state for text in texts if text.state]
    wrong = [s for s in states if s.isdecimal() and int(s) >= MBBO_STATES]
    wrong += [s for s in states if states.count(s) > 1]
    if not texts or wrong:
        raise SettingsError(
            "the frame types cannot be used",
            found=f"state {wrong[0]} in {text!r}" if wrong else repr(text),
            expected=f"each state once, numbers below {MBBO_STATES}",
            next_step='write for example "0=/entry/data/data,1=/entry/data/dark"',
        )
    return texts
