"""What the terminal of a session shows of errors and of the log.

It is also the IPython extension of ``framepath ipython``: an error of framepath is its text, not
150 lines.
"""

from __future__ import annotations

import logging
from typing import Any

from bluesky.utils import PlanHalt, RunEngineControlException, RunEngineInterrupted

from framepath.config.logs import FieldFormatter
from framepath.errors import FramepathError


def show_log() -> None:
    """Send framepath's warnings to stderr with their fields, unless somebody takes them already.

    Python itself would print the message alone, without the run, the path and the reason.
    """
    log = logging.getLogger("framepath")
    if not log.hasHandlers():
        handler = logging.StreamHandler()
        handler.setLevel(logging.WARNING)
        handler.setFormatter(FieldFormatter())
        log.addHandler(handler)


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython."""
    shell.set_custom_exc((FramepathError, RunEngineInterrupted), _told)
    logging.getLogger("bluesky").addFilter(_without_trace)


def _without_trace(record: logging.LogRecord) -> bool:
    """bluesky logs the whole trace of a run that ends early.

    An error itself follows, and the user who aborts or halts a plan knows where it was.
    """
    told = (FramepathError, RunEngineControlException, PlanHalt)
    if record.exc_info and isinstance(record.exc_info[1], told):
        record.exc_info = None
    return True


def _told(shell: Any, kind: type, error: BaseException, trace: Any, tb_offset: Any = None) -> None:
    """The error says what to do; a plan's frames between RunEngine and preprocessors do not."""
    shell._get_exc_info((kind, error, trace))  # what %tb shows
    if isinstance(error, RunEngineInterrupted):
        print(str(error).strip())  # a pause is no error: what to type next
        return
    print(f"{kind.__name__}: {error}\n(%tb shows where)")
