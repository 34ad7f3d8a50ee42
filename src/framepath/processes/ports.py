"""Ports given by the operating system, and the client environment for EPICS on loopback."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable
from pathlib import Path

LOOPBACK = "127.0.0.1"
LOWEST_PORT = 10000
"""Below it lie ports that services of a machine are known by, EPICS' 5064 and 5075 among them."""

CLIENT_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_tcp_and_udp_port(host: str = LOOPBACK) -> int:
    """A port free for both TCP and UDP, as an EPICS server needs (search is UDP, data is TCP).

    It lies below the range from which the operating system serves clients: one inside that range is
    lost to any outgoing connection between finding and binding, which on a busy machine happens.

    Raises
    ------
    OSError
        No such port was found in 200 tries.
    """
    for _ in range(200):
        port = random.randrange(LOWEST_PORT, _first_client_port())
        if all(_is_free(host, port, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
            return port
    raise OSError("no port is free for both TCP and UDP after 200 tries")


def _is_free(host: str, port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _first_client_port() -> int:
    """Start of the range of ports given to clients (32768 on Linux, 49152 elsewhere)."""
    try:
        first = int(CLIENT_PORTS.read_text().split()[0])
    except (OSError, ValueError):
        return 49152
    return first if first > 2 * LOWEST_PORT else 49152


def epics_client_environment(
    ca_addresses: Iterable[str], pva_addresses: Iterable[str] = (), repeater_port: int | None = None
) -> dict[str, str]:
    """Environment of a process whose EPICS clients shall see these servers and no others.

    Parameters
    ----------
    ca_addresses, pva_addresses
        ``host:port`` of each server.
    repeater_port
        Port of the CA repeater; give each family of tests its own so that no repeater outside is
        used.

    libca reads these once, when its first client starts: set them before.
    """
    environment = {
        "EPICS_CA_ADDR_LIST": " ".join(ca_addresses),
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_MAX_ARRAY_BYTES": "200000000",
        "EPICS_PVA_ADDR_LIST": " ".join(pva_addresses),
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
    }
    if repeater_port is not None:
        environment["EPICS_CA_REPEATER_PORT"] = str(repeater_port)
    return environment
