"""IOCs for tests: real processes on ports that this process's EPICS clients already look at.

libca reads its address list once, so all the ports that tests may use are chosen when this module
is imported, which must be before any EPICS client is.
"""

from __future__ import annotations

import importlib
import os
import secrets
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from framepath.processes import Child, epics_client_environment, free_tcp_and_udp_port
from framepath.spec.serving import IocReady

N_PORTS = 12
HOST = "127.0.0.1"
READY_S = 60.0

_PORTS = [(free_tcp_and_udp_port(), free_tcp_and_udp_port()) for _ in range(N_PORTS)]
_free = deque(_PORTS)

_outside = dict(os.environ)
os.environ.update(
    epics_client_environment(
        [f"{HOST}:{ca}" for ca, _ in _PORTS],
        [f"{HOST}:{pva}" for _, pva in _PORTS],
        repeater_port=free_tcp_and_udp_port(),
    )
)
if any(word.startswith("--ioc-prefix") for word in sys.argv):
    # An IOC that is already up is at the addresses that the user has set. pytest's own parsed
    # options come too late: this module is imported first.
    os.environ["EPICS_CA_AUTO_ADDR_LIST"] = _outside.get("EPICS_CA_AUTO_ADDR_LIST", "YES")
    os.environ["EPICS_CA_ADDR_LIST"] += f" {_outside.get('EPICS_CA_ADDR_LIST', '')}"

# ophyd wants to choose the libca that pyepics loads, whichever of the two a test imports first.
importlib.import_module("epicscorelibs.path.pyepics")


@dataclass(frozen=True)
class RunningIoc:
    """An IOC under test."""

    child: Child
    ready: IocReady

    @property
    def prefix(self) -> str:
        return self.ready.prefix


def random_prefix() -> str:
    """Of seven characters, as 13SIM1: has, because files hold PV names."""
    return f"T{secrets.token_hex(3)[:5].upper()}:"


def run_client(code: str) -> str:
    """Run Python in another process, a second client to every IOC; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout


def _is_listened_on(port: int) -> bool:
    with socket.socket() as probe:
        # Connections that have ended do not count: EPICS servers look past them too.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


@contextmanager
def port_pair() -> Iterator[tuple[int, int]]:
    """A CA and a PVA port that no other IOC of this session has; the longest unused one."""
    for _ in _PORTS:
        pair = _free.popleft()
        if not any(_is_listened_on(port) for port in pair):
            break
        _free.append(pair)  # of another session of tests, which chose it as freely
    else:
        raise RuntimeError(f"somebody listens on each of the ports {_PORTS}")
    try:
        yield pair
    finally:
        _free.append(pair)


@contextmanager
def running_ioc(
    *arguments: str, kind: str = "sim", prefix: str = "", command: tuple[str, ...] = ()
) -> Iterator[RunningIoc]:
    """An IOC with a random prefix on a pair of ports; it is stopped on the way out."""
    program = command or (sys.executable, "-m", "framepath", "ioc", kind)
    prefix = prefix or random_prefix()
    with port_pair() as (ca, pva):
        ports = ("--ca-port", str(ca), "--pva-port", str(pva))
        whole = [*program, "--prefix", prefix, *ports, *arguments]
        with Child.start(whole, name=f"{kind} IOC") as child:
            yield RunningIoc(child, IocReady.from_line(child.wait_ready(READY_S)))
