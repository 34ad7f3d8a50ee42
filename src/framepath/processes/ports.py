"""Ports given by the operating system, and the client environment for EPICS on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterable

LOOPBACK = "127.0.0.1"


def free_tcp_port(host: str = LOOPBACK) -> int:
    """A TCP port that was free a moment ago; the caller must be ready to lose a race for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def free_tcp_and_udp_port(host: str = LOOPBACK) -> int:
    """A port free for both TCP and UDP, as an EPICS server needs (search is UDP, data is TCP)."""
    for _ in range(50):
        port = free_tcp_port(host)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
        return port
    raise OSError("no port is free for both TCP and UDP after 50 tries")


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
