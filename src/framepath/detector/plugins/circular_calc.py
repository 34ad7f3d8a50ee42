"""Trigger conditions of the circular buffer: EPICS calc expressions, evaluated by EPICS itself."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache

from epicscorelibs.path import get_lib

from framepath.errors import SettingsError

N_ARGUMENTS = 21
"""A to U; the library reads as many, whatever the expression names."""

POSTFIX_BYTES_A_CHARACTER = 21
"""More than INFIX_TO_POSTFIX_SIZE of postfix.h asks for."""


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(get_lib("Com"))
    library.postfix.restype = ctypes.c_long
    library.postfix.argtypes = (
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.POINTER(ctypes.c_short),
    )
    library.calcPerform.restype = ctypes.c_long
    library.calcPerform.argtypes = (
        ctypes.POINTER(ctypes.c_double),
        ctypes.POINTER(ctypes.c_double),
        ctypes.c_char_p,
    )
    library.calcErrorStr.restype = ctypes.c_char_p
    library.calcErrorStr.argtypes = (ctypes.c_short,)
    return library


class Calc:
    """A compiled expression.

    Parameters
    ----------
    expression
        As EPICS calc records take them, e.g. ``A>10&&B<=3``; empty is ``0``.

    Raises
    ------
    SettingsError
        It is no such expression.
    """

    def __init__(self, expression: str) -> None:
        text = (expression.strip() or "0").encode()
        self._postfix = ctypes.create_string_buffer(POSTFIX_BYTES_A_CHARACTER * (len(text) + 1))
        problem = ctypes.c_short()
        if _library().postfix(text, self._postfix, ctypes.byref(problem)):
            raise SettingsError(
                "TriggerCalc cannot be evaluated",
                found=f"{expression!r}: {_library().calcErrorStr(problem).decode()}",
                expected="an EPICS calc expression of A to F, such as A>10&&B<=3",
            )

    def value(self, arguments: Sequence[float]) -> float:
        """The result for arguments A, B, ...; NaN when it has none."""
        given = (ctypes.c_double * N_ARGUMENTS)(*arguments)
        result = ctypes.c_double()
        failed = _library().calcPerform(given, ctypes.byref(result), self._postfix)
        return float("nan") if failed else result.value
