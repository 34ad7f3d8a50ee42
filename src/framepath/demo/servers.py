"""The processes of the demo: two IOCs and a catalog, started side by side and ended together."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from types import TracebackType

import yaml

from framepath.demo.settings import DEADLINE_S, DemoSettings
from framepath.processes import Child, epics_client_environment, free_tcp_and_udp_port
from framepath.spec.serving import API_KEY_VARIABLE, SETTINGS_FILE, IocReady, Served

FRAMEPATH = (sys.executable, "-m", "framepath")
FRAMES_FOLDER = "frames"
"""Folder below the output that detectors write to and the catalog reads from."""


@dataclass(frozen=True, slots=True)
class Prefixes:
    """PV prefixes of the two detectors; random, so that no other IOC answers by accident."""

    camera: str
    eiger: str

    @classmethod
    def random(cls) -> Prefixes:
        """Names such as ``13SIM4f2a:``."""
        word = secrets.token_hex(2)
        return cls(f"13SIM{word}:", f"dp_eiger_{word}:")


class Servers:
    """The children of a demo; a context manager that ends all of them on the way out.

    Attributes
    ----------
    prefixes
        PV prefixes of the camera (or replayed scan) and of the Eiger.
    """

    def __init__(self, settings: DemoSettings) -> None:
        self.prefixes = Prefixes.random()
        self._api_key = secrets.token_hex(16)
        self._output, self._port = settings.output, settings.port
        camera = ("sim", "--scene", "absorption")
        if settings.replay:
            address = ("--address", settings.replay_address) if settings.replay_address else ()
            camera = ("replay", "--source", str(settings.replay), "--by-frame-type", *address)
        self._commands: dict[str, tuple[str, ...]] = {
            "camera IOC": (*settings.ioc_program, *camera, "--prefix", self.prefixes.camera),
            "Eiger IOC": (*settings.ioc_program, "eiger", "--prefix", self.prefixes.eiger),
            "catalog": (*FRAMEPATH, "serve", "--settings", str(settings.output / SETTINGS_FILE)),
        }
        if settings.replay:
            del self._commands["Eiger IOC"]
        self._children: dict[str, Child] = {}

    def start(self) -> None:
        """Write the catalog's settings file and start every process, waiting for none."""
        self._write_settings()
        for name, command in self._commands.items():
            key = {API_KEY_VARIABLE: self._api_key} if name == "catalog" else {}
            self._children[name] = Child.start(command, name=name, env=key)

    def _write_settings(self) -> None:
        # The catalog may read what the detectors write, and nothing else.
        serve = {
            "folder": str(self._output / "catalog"),
            "data": [str(self._output / FRAMES_FOLDER)],
            "port": self._port,
        }
        (self._output / SETTINGS_FILE).write_text(yaml.safe_dump({"serve": serve}))

    def connect_epics(self) -> str:
        """Wait for the IOCs and point this process's EPICS clients at them; the CA addresses.

        Has to come before the first import of an EPICS client, which reads the environment once.

        Raises
        ------
        ProcessFailed
            An IOC ended, or was not ready in time.
        """
        ready = [
            IocReady.from_line(child.wait_ready(DEADLINE_S))
            for name, child in self._children.items()
            if name != "catalog"
        ]
        environment = epics_client_environment(
            [ioc.ca for ioc in ready], [ioc.pva for ioc in ready], free_tcp_and_udp_port()
        )
        os.environ.update(environment)
        return environment["EPICS_CA_ADDR_LIST"]

    def catalog(self) -> Served:
        """Wait for the catalog; where it answers.

        Raises
        ------
        ProcessFailed
            It ended (an occupied port, an unwritable folder), or was not ready in time.
        """
        return Served.from_ready_line(self._children["catalog"].wait_ready(DEADLINE_S))

    def __enter__(self) -> Servers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _leave_epics()
        for child in reversed(self._children.values()):
            child.stop()


def _leave_epics() -> None:
    """Close this process's Channel Access circuits before their servers end.

    ophyd keeps libca's own messages on, and each circuit that a server drops would print six lines.
    """
    if "epics" in sys.modules:
        import epics

        epics.ca.finalize_libca(maxtime=1.0)
