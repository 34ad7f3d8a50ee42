"""Our server and stock Tiled's, side by side, with the same file in each."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from tiled.client.container import Container
from tiled.structures.core import StructureFamily

from benchmarks.databases import postgresql, postgresql_programs, redis
from framepath.catalog.clients.connect import connect
from framepath.catalog.register import source_of, structure_of_frames
from framepath.files import open_frames
from framepath.processes import Child, free_tcp_and_udp_port
from framepath.spec.serving import Served

KEY = "benchmark"
DEADLINE_S = 120.0


@contextlib.contextmanager
def our_server(where: Path, data: Path, **more: object) -> Iterator[tuple[Served, Child]]:
    """A running ``framepath serve``, with more settings of the section ``serve``."""
    settings = where / "framepath.yml"
    section = {"folder": str(where / "ours"), "data": [str(data)], **more}
    settings.write_text(yaml.safe_dump({"serve": section}))
    command = [sys.executable, "-m", "framepath", "serve", "--settings", settings]
    with Child.start(command, name="framepath serve") as child:
        yield Served.from_ready_line(child.wait_ready(DEADLINE_S)), child


@contextlib.contextmanager
def outgrown_server(where: Path, data: Path) -> Iterator[tuple[Served, Child]]:
    """The same with two workers on PostgreSQL and Redis."""
    programs = postgresql_programs()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed: tools/system_packages.sh")
    with (
        postgresql(programs, ["catalog", "tables"]) as databases,
        redis(where) as cache,
        our_server(
            where,
            data,
            workers=2,
            catalog_uri=databases["catalog"],
            storage_uri=databases["tables"],
            stream_uri=cache,
        ) as running,
    ):
        yield running


@contextlib.contextmanager
def stock_server(where: Path, data: Path) -> Iterator[tuple[Served, Child]]:
    """A running ``tiled serve config`` with the storage that ours has."""
    folder = where / "stock"
    folder.mkdir(exist_ok=True)
    port = free_tcp_and_udp_port()
    config = {
        "catalog": {
            "uri": f"sqlite:///{folder}/catalog.db",
            "init_if_not_exists": True,
            "writable_storage": [f"{folder}/arrays", f"duckdb:///{folder}/tables.duckdb"],
            "readable_storage": [str(data)],
        },
        "streaming_cache": {"uri": "memory"},
        "authentication": {"single_user_api_key": KEY},
        "uvicorn": {"port": port},
    }
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "tiled", "serve", "config", folder / "config.yml"]
    served = Served(f"http://127.0.0.1:{port}", KEY)
    with Child.start(command, name="tiled serve") as child:
        _wait_for(served, child)
        yield served, child


def _wait_for(served: Served, child: Child) -> None:
    until = time.monotonic() + DEADLINE_S
    while child.exit_code is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{served.uri}/healthz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise RuntimeError(f"stock Tiled did not start: {child.tail}")


@contextlib.contextmanager
def images_in(served: Served, path: Path, address: str, name: str) -> Iterator[Any]:
    """Client of a file's frames, registered under ``name`` as one array."""
    with open_frames(path, address) as frames:
        structure = structure_of_frames(frames)
    with connect(served.uri_with_key) as catalog:
        source = source_of(path, StructureFamily.array, structure, {"dataset": address})
        catalog.new(StructureFamily.array, [source], key=name, metadata={}, specs=[])
        yield Container.__getitem__(catalog, name)


def cpu_s(child: Child) -> float:
    """CPU seconds a process has used."""
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(child: Child) -> int:
    """Memory a process holds now."""
    pages = int(Path(f"/proc/{child.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
