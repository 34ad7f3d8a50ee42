"""Start a child process, wait for its ready line, know why it died, end it."""

from framepath.processes.child import Child
from framepath.processes.ports import epics_client_environment, free_tcp_and_udp_port

__all__ = ["Child", "epics_client_environment", "free_tcp_and_udp_port"]
