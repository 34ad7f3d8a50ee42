"""Run the catalog: take the port first, print one ready line, end quietly on SIGTERM."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING

import click

from framepath.catalog.embedded import Storage, prepare
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
        The folder cannot be written, the port is taken, or a database does not answer.
    MissingExtra
        The packages of ``framepath[catalog]`` are not installed.
    ProcessFailed
        One of several workers ended unasked.
    """
    storage = prepare(settings)
    with listen(settings.host, settings.port) as listener:

        def announce() -> None:
            _announce(listener, settings, storage)

        def run(started: Callable[[], None]) -> None:
            _run(settings, storage, routers, listener, started)

        if settings.workers > 1:
            Workers(run, settings.workers, settings.stop_within_s).serve(announce)
        else:
            with _ended_by_signal():
                run(announce)


def _run(
    settings: ServeSettings,
    storage: Storage,
    routers: Sequence[APIRouter],
    listener: socket.socket,
    started: Callable[[], None],
) -> None:
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
        build(settings, storage, list(routers)),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=max(1, round(settings.stop_within_s)),
    )
    _telling(uvicorn.Server(config), started).run(sockets=[listener])


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


def _announce(listener: socket.socket, settings: ServeSettings, storage: Storage) -> None:
    host, port = listener.getsockname()[:2]
    host = f"[{host}]" if ":" in host else host
    served = Served(f"http://{host}:{port}", storage.api_key)
    click.echo(served.ready_line)
    if settings.register_data:
        threading.Thread(target=_register, args=(settings, served), daemon=True).start()


def _register(settings: ServeSettings, served: Served) -> None:
    # Through HTTP like anybody else, so that a big folder does not delay the ready line.
    from framepath.catalog.clients.connect import connect
    from framepath.catalog.register import found_files, register

    with connect(served.uri_with_key) as catalog:
        for folder in settings.data:
            root = folder.absolute()
            for result in register(catalog, found_files(root), root.parent):
                if result.error is not None:
                    click.echo(
                        f"framepath: not registered: {result.path}: {result.error}", err=True
                    )


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
