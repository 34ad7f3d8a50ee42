"""One row of the parameter table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

READBACK_SUFFIX = "_RBV"

SETPOINT_RECORDS = frozenset({"ao", "bo", "mbbo", "longout", "stringout", "busy"})
"""Record types that carry a client's wish; a settable waveform does too."""

READBACK_RECORDS = frozenset({"ai", "bi", "mbbi", "longin", "stringin", "waveform"})

STATE_PREFIXES = (
    "ZR", "ON", "TW", "TH", "FR", "FV", "SX", "SV", "EI", "NI", "TE", "EL", "TV", "TT", "FT", "FF",
)  # fmt: skip
"""Beginnings of the field names of an mbbi's or mbbo's states: ZRST and ZRVL are the first's."""

STRING_BYTES = 39
"""Text of a string record."""

STATE_BYTES = 25
"""Text of one state of an enum record."""

INT32_MAX = 2**31 - 1

MAY_BE_NAN = frozenset({"FillValue"})
"""Settings of which NaN and infinity are values as good as any: pixels of floats."""


class Rate(StrEnum):
    """How soon a readback follows its value."""

    EDGE = "edge"
    """At once, in the order of the changes."""
    PACED = "paced"
    """At most 10 times a second, and before ``Acquire_RBV`` falls."""


@dataclass(frozen=True, slots=True)
class Param:
    """One PV of a plugin.

    Attributes
    ----------
    suffix
        What follows the plugin in the PV name, e.g. ``AcquireTime_RBV``.
    record
        EPICS record type.
    states, state_values
        Strings of an enum and the values they stand for.
    initial
        Value at start as areaDetector shows it: an enum's string, a number as text, "" for none.
    precision, units
        ``PREC`` (None where the type has none) and ``EGU``.
    settable
        A client may write it.
    parameter
        areaDetector's name of the value, as PARAM attributes ask for it; "" for plain records.
    array_type, array_length
        ``FTVL`` and ``NELM`` of arrays; CHAR arrays are long strings.
    busy
        Clients may wait for the end of what a put of 1 starts.
    autosaved
        Restored at the next start.
    rate
        See `Rate`.
    inert
        Why a put has no effect; "" for PVs that do what they say.
    description
        One phrase for the reference page.
    fields
        Further record fields; ``{P}`` stands for the prefix with the plugin.
    ours
        Not a PV of areaDetector.
    """

    suffix: str
    record: str
    states: tuple[str, ...] = ()
    state_values: tuple[int, ...] = ()
    initial: str = ""
    precision: int | None = None
    units: str = ""
    settable: bool = False
    parameter: str = ""
    array_type: str = ""
    array_length: int = 0
    busy: bool = False
    autosaved: bool = False
    rate: Rate = Rate.EDGE
    inert: str = ""
    description: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    ours: bool = False

    @property
    def name(self) -> str:
        """The suffix without ``_RBV``: what setpoint and readback share."""
        return self.suffix.removesuffix(READBACK_SUFFIX)

    @property
    def is_setpoint(self) -> bool:
        """Whether the record takes a client's wish (and is no readback)."""
        if self.record == "waveform":
            return self.settable and not self.suffix.endswith(READBACK_SUFFIX)
        return self.record in SETPOINT_RECORDS

    @property
    def is_readback(self) -> bool:
        """Whether the record shows a value of the plugin; the others live in the database alone."""
        return bool(self.parameter) and not self.is_setpoint and self.record in READBACK_RECORDS

    @property
    def is_text(self) -> bool:
        """Whether the value is text: a string record or a long string."""
        return self.record in ("stringin", "stringout") or self.array_type == "CHAR"

    @property
    def is_enum(self) -> bool:
        """Whether the value is one of named states."""
        return self.record in ("bi", "bo", "mbbi", "mbbo", "busy")

    def state_index(self, text: str) -> int:
        """Index of a state given as its string or as a number; 0 for "".

        Raises
        ------
        ValueError
            The text is neither a state nor an index.
        """
        if text in self.states:
            return self.states.index(text)
        if not text:
            return 0
        if text.isdigit() and (int(text) < len(self.states) or not self.states):
            return int(text)
        raise ValueError(f"{self.suffix}: {text!r} is not one of {', '.join(self.states)}")

    def misfit(self, value: object) -> str:
        """What is wrong with a value for this setting; "" when nothing is.

        A setting that is not finite is none: it cannot be waited for, drawn or counted.
        """
        if self.is_text:
            return self._text_misfit(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "not a number"
        if not math.isfinite(value):
            return "" if self.name in MAY_BE_NAN else "not finite"
        is_whole = float(value).is_integer()
        if self.is_enum and not (is_whole and 0 <= value < (len(self.states) or 2)):
            return "there is no such state"
        if self.record == "longout" and not (is_whole and -INT32_MAX - 1 <= value <= INT32_MAX):
            return "not an integer of 32 bits"
        return ""

    def _text_misfit(self, value: object) -> str:
        most = self.array_length - 1 if self.record == "waveform" else STRING_BYTES
        if not isinstance(value, str):
            return "not text"
        return f"longer than {most} bytes" if len(value.encode()) > most else ""

    def initial_value(self) -> int | float | str:
        """`initial` in the record's own type; enums as their index, arrays as 0."""
        if self.is_text:
            return self.initial
        if self.is_enum:
            return self.state_index(self.initial)
        if self.record in ("longin", "longout"):
            return int(self.initial or 0)
        if self.record == "waveform":
            return 0
        return float(self.initial or 0)
