"""IOCs in processes of their own, what they cost, and a client for them.

libca reads its address list once: the ports are chosen when this module is imported, which must be
before any EPICS client is.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from framepath.processes import Child, epics_client_environment, free_tcp_and_udp_port

HOST = "127.0.0.1"
READY_S = 60.0
PUT_S = 30.0
SIM = (sys.executable, "-m", "framepath", "ioc", "sim")
PREPARED = (sys.executable, "-m", "benchmarks.detector.prepared_ioc")

_PORTS = [(free_tcp_and_udp_port(), free_tcp_and_udp_port()) for _ in range(4)]
_in_turn = itertools.cycle(_PORTS)

os.environ.update(
    epics_client_environment(
        [f"{HOST}:{ca}" for ca, _ in _PORTS],
        [f"{HOST}:{pva}" for _, pva in _PORTS],
        repeater_port=free_tcp_and_udp_port(),
    )
)

# ophyd wants to choose the libca that pyepics loads.
importlib.import_module("epicscorelibs.path.pyepics")
epics: Any = importlib.import_module("epics")


class Ioc:
    """A running IOC as a client and as the operating system see it.

    Whoever waits here sleeps meanwhile. pyepics' own ``caput(wait=True)`` asks libca every few
    microseconds, which takes the IOC off its processor thousands of times a second.
    """

    def __init__(self, child: Child, prefix: str) -> None:
        self.prefix = prefix
        self._pid = child.pid
        self._pvs: dict[str, Any] = {}

    def put(self, plugin: str, **values: Any) -> None:
        """Put values one after the other, each until it is done."""
        for suffix, value in values.items():
            done = threading.Event()
            pv = self._pv(f"{plugin}:{suffix}")
            pv.put(value, callback=lambda done=done, **_: done.set())
            if not done.wait(PUT_S):
                raise RuntimeError(f"put to {pv.pvname} did not complete")

    def begin(self, suffix: str) -> None:
        """Put 1 and do not wait for what it starts."""
        self._pv(suffix).put(1)

    def get(self, suffix: str) -> float:
        """A PV's value now."""
        return self._pv(suffix).get(use_monitor=False, timeout=PUT_S)

    def until(self, suffix: str, wanted: float) -> None:
        """Wait for a value; readbacks of plugins follow twenty times a second."""
        reached = threading.Event()

        def compare(value: Any = None, **_: Any) -> None:
            if value == wanted:
                reached.set()

        pv = epics.PV(self.prefix + suffix, callback=compare, auto_monitor=True)
        try:
            if not reached.wait(PUT_S):
                raise RuntimeError(f"{pv.pvname} is still {pv.value}, not {wanted}")
        finally:
            pv.disconnect()

    def _pv(self, suffix: str) -> Any:
        if suffix not in self._pvs:
            pv = epics.PV(self.prefix + suffix, auto_monitor=False)
            if not pv.wait_for_connection(PUT_S):
                raise RuntimeError(f"{pv.pvname} did not connect")
            self._pvs[suffix] = pv
        return self._pvs[suffix]

    def cpu_s(self) -> float:
        """CPU seconds it has used, all threads."""
        return time.clock_gettime(_cpu_clock(self._pid))

    def peak_mb(self) -> float:
        """The most memory it ever held, MB."""
        for line in Path(f"/proc/{self._pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024 / 1e6
        raise KeyError("VmHWM")


def _cpu_clock(pid: int) -> int:
    """The clock of another process's CPU time; /proc counts in steps of 10 ms (clock_getres(3))."""
    return (~pid << 3) | 2


@contextlib.contextmanager
def running(program: tuple[str, ...]) -> Iterator[Ioc]:
    """An IOC with a random prefix; it is stopped on the way out."""
    ca, pva = next(_in_turn)
    prefix = f"B{secrets.token_hex(3)[:5].upper()}:"
    ports = ("--ca-port", str(ca), "--pva-port", str(pva))
    with Child.start([*program, "--prefix", prefix, *ports], name="IOC") as child:
        child.wait_ready(READY_S)
        yield Ioc(child, prefix)
