"""The motion IOC's process: two motors and a shutter on caproto's server."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

from caproto.asyncio.server import Context

from framepath.detector.motion.motor_record import MotorRecord, MotorSettings
from framepath.detector.motion.shutter_record import ShutterRecord
from framepath.detector.network import check_is_ours, check_prefix
from framepath.errors import ProcessFailed
from framepath.processes import free_tcp_and_udp_port
from framepath.spec.serving import IocReady

KIND = "motion"

MOTORS = (
    MotorSettings(
        name="m1",
        description="theta",
        units="deg",
        velocity=10.0,
        max_velocity=90.0,
        acceleration_s=0.2,
        low_limit=-720.0,
        high_limit=720.0,
        step=1e-4,
    ),
    MotorSettings(
        name="m2",
        description="sample_x",
        units="mm",
        velocity=5.0,
        max_velocity=50.0,
        acceleration_s=0.2,
        low_limit=-50.0,
        high_limit=50.0,
        step=1e-4,
    ),
)
"""What the IOC moves."""

MOST_ATTEMPTS = 5


def run(prefix: str, host: str = "127.0.0.1", ca_port: int = 0) -> int:
    """Run the IOC until SIGTERM or SIGINT; port 0 takes a free one. Return the exit code.

    Raises
    ------
    ProcessFailed
        The port is held by another process.
    SettingsError
        ``host`` is no address of this machine, or no record can have this prefix.
    """
    check_prefix(prefix)
    check_is_ours(host)
    for attempt in range(MOST_ATTEMPTS):
        port = ca_port or free_tcp_and_udp_port(host)
        try:
            asyncio.run(_serve(prefix, host, port))
        except _PortLost as lost:
            if ca_port or attempt + 1 == MOST_ATTEMPTS:
                raise ProcessFailed(
                    "the CA server did not get its port",
                    found=lost,
                    expected=f"port {port} of {host} free for TCP and UDP",
                    next_step="end the process that holds it, or choose another with --ca-port",
                ) from lost
        else:
            break
    return 0


class _Server(Context):
    """A server without beacons: nothing on a loopback listens to them, and searches do as well."""

    async def broadcast_beacon_loop(self) -> Any:
        """Send none."""


class _PortLost(OSError):
    """Another process took the port between choosing and binding it."""


async def _serve(prefix: str, host: str, port: int) -> None:
    os.environ["EPICS_CA_SERVER_PORT"] = str(port)
    motors = [MotorRecord(prefix, settings) for settings in MOTORS]
    channels: dict[str, Any] = dict(ShutterRecord(prefix).pvdb)
    for motor in motors:
        channels.update(motor.channels)
        await motor.start()
    server = _Server(channels, [host])
    lost: list[_PortLost] = []
    serving = asyncio.current_task()
    assert serving is not None

    async def ready(_: Any) -> None:
        if server.port == port:
            print(IocReady(KIND, prefix, f"{host}:{port}", "-").line, flush=True)
        else:  # caproto takes another one without a word
            lost.append(_PortLost(f"port {server.port}"))
            serving.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        await server.run(startup_hook=ready)
    except OSError as error:
        raise _PortLost(str(error)) from error
    if lost:
        raise lost[0]
