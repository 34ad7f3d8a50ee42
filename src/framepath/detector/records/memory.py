"""Memory of the process: EPICS locks all of it in RAM unless told not to."""

from __future__ import annotations

import ctypes

from epicscorelibs.ioc import dbCore


def leave_memory_unlocked() -> None:
    """Keep ``iocInit`` from locking every page, stacks that nothing uses included.

    epics-base calls mlockall where it may (as root it may): with the 8 MB stacks of some forty
    threads that is 200 MB and more, for a latency that Python threads do not have anyway.
    """
    ctypes.c_int.in_dll(dbCore, "dbThreadRealtimeLock").value = 0
