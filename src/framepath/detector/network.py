"""Where the IOC listens: loopback unless told otherwise, ports chosen by binding, then verified.

A CA server takes port 0 for "out of range" and quietly uses 5064, so the port must be found first;
between finding and binding it may be lost, hence the check afterwards.
"""

from __future__ import annotations

import ctypes
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from framepath.errors import ProcessFailed, SettingsError
from framepath.processes import free_tcp_and_udp_port

OPEN_FILES = Path("/proc/self/fd")

LEAST_CA_PORT = 5001
"""EPICS base takes a lower one for a mistake and quietly uses 5064."""

PREFIX = re.compile(r"[A-Za-z0-9_\-+:\[\]<>;]+")
"""Characters of a record name (EPICS Application Developer's Guide)."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Host and ports of the CA and the PVA server."""

    host: str
    ca_port: int
    pva_port: int

    @classmethod
    def chosen(cls, host: str, ca_port: int = 0, pva_port: int = 0) -> Listening:
        """Ports as given, 0 for one that is free now.

        Raises
        ------
        SettingsError
            ``host`` is no address of this machine, or EPICS does not take the port.
        """
        check_is_ours(host)
        if 0 < ca_port < LEAST_CA_PORT:
            raise SettingsError(
                "EPICS takes no CA port as low as this",
                found=ca_port,
                expected=f"{LEAST_CA_PORT} or more, 0 for a free one",
                next_step="correct --ca-port",
            )
        return cls(
            host,
            ca_port or free_tcp_and_udp_port(host),
            pva_port or free_tcp_and_udp_port(host),
        )

    def set_environment(self) -> None:
        """Tell the servers, which read the environment when the IOC starts.

        The client side is pointed at the same place so that links between records of this
        IOC, and nothing outside, are found.
        """
        os.environ.update(
            {
                "EPICS_CAS_INTF_ADDR_LIST": self.host,
                "EPICS_CAS_SERVER_PORT": str(self.ca_port),
                "EPICS_CA_SERVER_PORT": str(self.ca_port),
                "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
                "EPICS_CAS_BEACON_ADDR_LIST": self.host,
                "EPICS_PVAS_INTF_ADDR_LIST": self.host,
                "EPICS_PVAS_SERVER_PORT": str(self.pva_port),
                "EPICS_PVAS_BROADCAST_PORT": str(self.pva_port),
                "EPICS_PVAS_AUTO_BEACON_ADDR_LIST": "NO",
                "EPICS_PVAS_BEACON_ADDR_LIST": self.host,
            }
        )

    def verify(self) -> None:
        """Check that this process holds the ports.

        Raises
        ------
        PortLost
            A server listens elsewhere, because another process took the port first.
        """
        bound = _own_environment("RSRV_SERVER_PORT")
        if bound != str(self.ca_port):
            raise _lost("CA", bound, self.ca_port)
        if not _we_listen_on(self.pva_port):
            raise _lost("PVA", "another port", self.pva_port)


def check_prefix(prefix: str) -> None:
    """Refuse a prefix with which no record can be named.

    Raises
    ------
    SettingsError
        It is empty, or has characters that EPICS does not take.
    """
    if not PREFIX.fullmatch(prefix):
        raise SettingsError(
            "no PV can be named so",
            found=repr(prefix),
            expected="letters, digits and _ - + : [ ] < > ;",
            next_step="correct --prefix, e.g. 13SIM1:",
        )


def check_is_ours(host: str) -> None:
    """Refuse a host that no server of this machine can listen on.

    Raises
    ------
    SettingsError
        It is not known, or is another machine's.
    """
    try:
        with socket.socket() as probe:
            probe.bind((host, 0))
    except OSError as error:
        raise SettingsError(
            "cannot listen there",
            found=f"{host} ({error.strerror or error})",
            expected="an address of this machine",
            next_step="correct --host: 127.0.0.1 for this machine alone, 0.0.0.0 for everyone",
        ) from error


class PortLost(ProcessFailed):
    """Another process has the port that a server was to listen on."""


def _lost(server: str, found: object, port: int) -> PortLost:
    return PortLost(
        f"the {server} server did not get its port",
        found=found,
        expected=port,
        next_step="end the process that holds the port, or choose another with "
        "--ca-port / --pva-port (0: a free one)",
    )


def _own_environment(name: str) -> str:
    """A variable that the C library's environment has and Python's copy may not."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    return (getenv(name.encode()) or b"").decode()


def _we_listen_on(port: int) -> bool:
    """Whether one of this process's own sockets is bound to the TCP port; True where unknown."""
    if not OPEN_FILES.is_dir():
        return True
    for entry in OPEN_FILES.iterdir():
        try:
            with socket.socket(fileno=os.dup(int(entry.name))) as own:
                # For every address of the machine pvxs takes a socket of both families.
                is_ip = own.family in (socket.AF_INET, socket.AF_INET6)
                if is_ip and own.type == socket.SOCK_STREAM and own.getsockname()[1] == port:
                    return True
        except OSError:  # not a socket, or closed meanwhile
            continue
    return False
