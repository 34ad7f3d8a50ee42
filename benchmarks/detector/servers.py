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
    """A running IOC as a client and as the operating system see it."""

    def __init__(self, child: Child, prefix: str) -> None:
        self.prefix = prefix
        self._proc = Path(f"/proc/{child.pid}")

    def put(self, plugin: str, **values: Any) -> None:
        """Put values one after the other, each until it is done."""
        for suffix, value in values.items():
            name = f"{self.prefix}{plugin}:{suffix}"
            if epics.caput(name, value, wait=True, timeout=PUT_S) != 1:
                raise RuntimeError(f"put to {name} did not complete")

    def get(self, suffix: str) -> float:
        """A PV's value now."""
        return epics.caget(self.prefix + suffix, use_monitor=False, timeout=PUT_S)

    def until(self, suffix: str, wanted: float) -> None:
        """Wait for a value; readbacks of plugins follow ten times a second."""
        deadline = time.monotonic() + PUT_S
        while (found := self.get(suffix)) != wanted:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.prefix}{suffix} is still {found}, not {wanted}")
            time.sleep(0.01)

    def cpu_s(self) -> float:
        """CPU seconds it has used, in steps of 10 ms."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """The most memory it ever held, MB."""
        for line in (self._proc / "status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024 / 1e6
        raise KeyError("VmHWM")


@contextlib.contextmanager
def running(program: tuple[str, ...]) -> Iterator[Ioc]:
    """An IOC with a random prefix; it is stopped on the way out."""
    ca, pva = next(_in_turn)
    prefix = f"B{secrets.token_hex(3)[:5].upper()}:"
    ports = ("--ca-port", str(ca), "--pva-port", str(pva))
    with Child.start([*program, "--prefix", prefix, *ports], name="IOC") as child:
        child.wait_ready(READY_S)
        yield Ioc(child, prefix)
