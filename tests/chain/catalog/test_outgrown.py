"""The main story on PostgreSQL and Redis with two workers, by settings alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest
import yaml
from tiled.client import from_uri
from tiled.client.constructors import from_context

from chain.catalog.outgrown import PASSWORD, postgresql, postgresql_programs, redis
from chain.catalog.runs import RunMaker, frames, write_stack
from framepath.catalog.databases import check_tables, initialise
from framepath.errors import SettingsError
from framepath.processes import Child, free_tcp_and_udp_port
from framepath.spec.serving import FRAMES_ROUTE, HANDLE_HEADER, HANDLE_ROUTE, Served

PROGRAMS = postgresql_programs()
pytestmark = pytest.mark.skipif(
    PROGRAMS is None or shutil.which("redis-server") is None,
    reason="needs PostgreSQL and Redis: tools/system_packages.sh",
)


@pytest.fixture(scope="module")
def databases(tmp_path_factory):
    assert PROGRAMS is not None
    with (
        postgresql(PROGRAMS, ["catalog", "tables"]) as addresses,
        redis(tmp_path_factory.mktemp("redis")) as cache,
    ):
        yield {
            "catalog_uri": addresses["catalog"],
            "storage_uri": addresses["tables"],
            "stream_uri": cache,
        }


@contextlib.contextmanager
def serving(folder: Path, **settings):
    file = folder / "framepath.yml"
    data = folder / "data"
    data.mkdir(exist_ok=True)
    section = {"folder": str(folder / "catalog"), "data": [str(data)], **settings}
    file.write_text(yaml.safe_dump({"serve": section}))
    command = [sys.executable, "-m", "framepath", "serve", "--settings", file]
    with Child.start(command, name="framepath serve") as child:
        yield child


@pytest.fixture(scope="module")
def outgrown(tmp_path_factory, databases):
    """The folder, the process and the address of a server with two workers."""
    folder = tmp_path_factory.mktemp("outgrown")
    with serving(folder, workers=2, **databases) as child:
        yield folder, child, Served.from_ready_line(child.wait_ready(120))
        workers = workers_of(child)
        assert child.stop() == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def workers_of(child) -> list[int]:
    text = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text()
    return [int(pid) for pid in text.split()]


@contextlib.contextmanager
def only(child, answering: int):
    """New connections reach one worker, because the others are halted."""
    halted = [pid for pid in workers_of(child) if pid != answering]
    for pid in halted:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in halted:
            os.kill(pid, signal.SIGCONT)


def client_of(served):
    return from_uri(served.uri_with_key)


def test_each_worker_reads_what_another_wrote(outgrown):
    folder, child, served = outgrown
    path = write_stack(folder / "data" / "story.h5")
    first, second = workers_of(child)
    with only(child, first), contextlib.closing(client_of(served).context) as context:
        uid = RunMaker(from_context(context), path.parent).add(path).start["uid"]
    for worker in (first, second):
        with only(child, worker), contextlib.closing(client_of(served).context) as context:
            run = from_context(context)[uid]
            images = run.primary["eiger2_image"]
            np.testing.assert_array_equal(images[3], frames(10)[3])
            np.testing.assert_array_equal(images[:], frames(10))
            assert list(run.primary.read()["motor"].values) == list(range(10))
            assert run.health() == []
            assert [name for name, _ in run.documents()][-1] == "stop"


def test_a_handle_of_one_worker_is_good_at_another(outgrown):
    folder, child, served = outgrown
    path = write_stack(folder / "data" / "handle.h5")
    mine = {"Authorization": f"Apikey {served.api_key}"}
    first, second = workers_of(child)
    with contextlib.closing(client_of(served).context) as context:
        uid = RunMaker(from_context(context), path.parent).add(path).start["uid"]
    node = f"{served.uri}{HANDLE_ROUTE}/{uid}/primary/eiger2_image"
    with only(child, first):
        opened = httpx.get(node, headers=mine, timeout=30).json()
    mine[HANDLE_HEADER] = opened["handle"]
    with only(child, second):
        answer = httpx.get(served.uri + FRAMES_ROUTE, params={"slice": "7"}, headers=mine)
    assert answer.status_code == 200, answer.text


def test_no_password_reaches_a_client(outgrown):
    folder, _, served = outgrown
    path = write_stack(folder / "data" / "secret.h5")
    with contextlib.closing(client_of(served).context) as context:
        run = RunMaker(from_context(context), path.parent).add(path)
        node = context.http_client.get(
            run.primary.uri + "/internal", params={"include_data_sources": True}
        )
        assert node.status_code == 200
        assert "postgresql" in node.text
        assert PASSWORD not in node.text


def test_a_database_that_is_down_is_one_line(tmp_path, databases):
    down = f"redis://user:{PASSWORD}@127.0.0.1:{free_tcp_and_udp_port()}/0"
    with serving(tmp_path, workers=2, **{**databases, "stream_uri": down}) as child:
        assert child.wait(60) == 2
        assert "serve.stream_uri" in child.tail
        assert PASSWORD not in child.tail
        assert child.tail.count("\n") == 0


def test_a_database_that_refuses_us_is_named(databases):
    address = databases["catalog_uri"]
    for refused in (address.replace(PASSWORD, "wrong"), address + "nobody"):
        with pytest.raises(SettingsError, match=r"serve\.catalog_uri") as caught:
            initialise(refused)
        assert PASSWORD not in str(caught.value)
        with pytest.raises(SettingsError, match=r"serve\.storage_uri"):
            check_tables(refused)
