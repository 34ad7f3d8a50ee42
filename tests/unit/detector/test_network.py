"""Which ports this process holds."""

from __future__ import annotations

import socket

import pytest

from framepath.detector.network import _we_listen_on

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


@pytest.mark.parametrize("family", LOOPBACK, ids=lambda family: family.name)
def test_a_port_is_ours_in_either_family(family):
    """With --host 0.0.0.0 pvxs listens on a socket of both families, which counts as IPv6."""
    try:
        listening = socket.create_server((LOOPBACK[family], 0), family=family)
    except OSError as error:
        pytest.skip(f"optional: this machine has no {family.name}: {error}")
    with listening:
        port = listening.getsockname()[1]
        assert _we_listen_on(port)
    assert not _we_listen_on(port)
