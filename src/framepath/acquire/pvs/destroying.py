"""Destroying a device when nobody asks its channels any more.

ophyd asks a channel that has connected for its limits in threads of its own, and does not wait for
them when a device is destroyed. pyepics then finds the channel gone, or libca ends the process.
"""

from __future__ import annotations

import threading

from ophyd import Device, cl
from ophyd.signal import Signal

ANSWERED_S = 30.0
"""Seconds to wait for answers; an IOC that is gone costs about one second a question."""


def destroy(device: Device | Signal) -> None:
    """Destroy an ophyd device or signal, of anybody's class, once its channels are at rest."""
    wait_for_answers()
    device.destroy()


def wait_for_answers(deadline_s: float = ANSWERED_S) -> bool:
    """Wait until ophyd's threads have done what they were asked until now; say whether they have.

    Must not be called in one of these threads, that is, in a callback of a signal.
    """
    dispatcher = cl.get_dispatcher()
    if dispatcher is None:
        return True
    # A new connection is dealt with in the thread "metadata", which then asks the others.
    told = threading.Event()
    dispatcher.get_thread_context("metadata").run(told.set)
    if not told.wait(deadline_s):
        return False
    # The others share a queue: each that waits at the barrier leaves the rest of it to the others.
    n_threads = sum(name.startswith("util") for name in dispatcher.threads)
    barrier = threading.Barrier(n_threads + 1)
    for _ in range(n_threads):
        dispatcher.schedule_utility_task(_meet, barrier, deadline_s)
    return _meet(barrier, deadline_s)


def _meet(barrier: threading.Barrier, deadline_s: float) -> bool:
    try:
        barrier.wait(deadline_s)
    except threading.BrokenBarrierError:
        return False
    return True
