"""Run the catalog: take the port first, print one ready line, end quietly on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING

import click

from framepath.catalog.embedded import Storage, alone, prepare, readable_folders
from framepath.catalog.following import follow
from framepath.catalog.probe import Probe
from framepath.catalog.workers import Workers
from framepath.config.settings import ServeSettings
from framepath.errors import MissingExtra, SettingsError
from framepath.spec.serving import Served

if TYPE_CHECKING:
    import uvicorn
    from fastapi import APIRouter


def serve(settings: ServeSettings, routers: Sequence[APIRouter] = ()) -> None:
    """Serve until SIGTERM or Ctrl-C.

    The cheap things that can be wrong (folder, port, packages) are tried before Tiled is imported,
    which takes seconds.

    Raises
    ------
    SettingsError
        The folder cannot be written or is another server's, the port is taken, or a database does
        not answer.
    MissingExtra
        The packages of ``framepath[catalog]`` are not installed.
    ProcessFailed
        One of several workers ended unasked.
    """
    storage, ended = prepare(settings), threading.Event()
    # Each worker's copy starts a process of its own.
    probe = Probe(readable_folders(settings, storage))
    with contextlib.ExitStack() as stack:
        stack.enter_context(alone(settings))
        listener = stack.enter_context(listen(settings.host, settings.port))
        stack.callback(probe.close)
        stack.callback(ended.set)

        def announce() -> None:
            _announce(listener, settings, storage, probe, ended)

        def run(started: Callable[[], None], deaf: Callable[[], None]) -> None:
            def started_with_probe() -> None:
                started()
                probe.start()  # it is not needed to answer, only to open a file

            server = _built(settings, storage, routers, probe, started_with_probe)
            _deaf_before_it_ends(server, deaf)
            server.run(sockets=[listener])

        def announce_for_workers() -> None:
            announce()
            # They have it. Were it open here until they have ended, a subscriber that they cut off
            # would connect to nobody, be closed without an answer, and not try again.
            listener.close()

        if settings.workers > 1:
            workers = Workers(run, settings.workers, settings.stop_within_s)
            workers.serve(announce_for_workers)
        else:
            with _ended_by_signal():
                run(announce, lambda: None)


def _built(
    settings: ServeSettings,
    storage: Storage,
    routers: Sequence[APIRouter],
    probe: Probe,
    started: Callable[[], None],
) -> uvicorn.Server:
    try:
        import uvicorn

        from framepath.catalog.application import build
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("framepath"):
            raise
        raise MissingExtra(
            "the catalog server is not installed",
            found=f"no module {error.name}",
            next_step='install it: pip install "framepath[catalog]"',
        ) from error
    config = uvicorn.Config(
        build(settings, storage, probe, list(routers)),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=max(1, round(settings.stop_within_s)),
    )
    return _telling(uvicorn.Server(config), started)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; the port is ours from here on.

    Raises
    ------
    SettingsError
        The port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # A server that was just stopped leaves its port in TIME_WAIT.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            "the catalog cannot listen there",
            found=error.strerror or error,
            expected="a free port of this machine",
            where=f"{host}:{port}",
            next_step="name another with --port, or leave it out to have one chosen",
        ) from error
    return listener


def _telling(server: uvicorn.Server, started: Callable[[], None]) -> uvicorn.Server:
    startup = server.startup

    async def startup_then_say(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets=sockets)
        if server.started:
            started()

    server.startup = startup_then_say
    return server


def _deaf_before_it_ends(server: uvicorn.Server, deaf: Callable[[], None]) -> None:
    """Let no worker cut off a subscriber while another still accepts: it would turn to that one,
    be refused with a 500, and unlike after a refused connection not try again. ``deaf`` returns
    when no worker listens any longer."""
    shutdown = server.shutdown

    async def stop_listening_then_shut_down(sockets: list[socket.socket] | None = None) -> None:
        for listening in (*server.servers, *(sockets or ())):
            listening.close()
        await asyncio.to_thread(deaf)
        await shutdown(sockets=sockets)

    server.shutdown = stop_listening_then_shut_down


def _announce(
    listener: socket.socket,
    settings: ServeSettings,
    storage: Storage,
    probe: Probe,
    ended: threading.Event,
) -> None:
    host, port = listener.getsockname()[:2]
    host = f"[{host}]" if ":" in host else host
    served = Served(f"http://{host}:{port}", storage.api_key)
    click.echo(served.ready_line)
    if settings.register_data:
        arguments = (settings, served, probe, ended)
        threading.Thread(target=follow, args=arguments, daemon=True).start()


@contextlib.contextmanager
def _ended_by_signal() -> Iterator[None]:
    # uvicorn raises the signal again once it has shut down; without a handler of ours the exit
    # code of an orderly end would be that of a killed process.
    def ignore(number: int, frame: FrameType | None) -> None:
        return None

    before = {number: signal.signal(number, ignore) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
