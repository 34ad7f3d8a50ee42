"""The main story on PostgreSQL and Redis with two workers, by settings alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path

import h5py
import httpx
import numpy as np
import pytest
import yaml
from benchmarks.databases import PASSWORD, postgresql, postgresql_programs, redis
from tiled.client import from_uri
from tiled.client.constructors import from_context

from chain.catalog.runs import GrowingRun, RunMaker, frames, write_stack
from chain.waiting import wait_for
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


SUBSCRIBER = """
import sys, threading
import numpy as np
from bluesky_tiled_plugins.streaming import subscribe_to_streams
from tiled.client import from_uri

seen, ended, report = set(), threading.Event(), open(sys.argv[4], "a", buffering=1)

def on_frames(update):
    first, frames = update.update.patch.offset[0], update.data()
    for index, frame in enumerate(frames, first):
        seen.add(index)
        print(index, int(frame.astype(np.int64).sum()), file=report)
    if len(seen) >= int(sys.argv[3]):
        ended.set()

with subscribe_to_streams(from_uri(sys.argv[1]), on_frames, streams={"primary": sys.argv[2]}):
    print("ready", flush=True)
    ended.wait(100)
"""


@contextlib.contextmanager
def subscriber(served, key: str, n_frames: int, report: Path):
    """A process that reports the sum of each frame it is told of; it ends after the last."""
    # Unlike this process, which gives up at once, it tries again as users' clients do.
    # The report is a file: subscriptions that it ends while they try again print long tracebacks.
    wanted = [served.uri_with_key, key, str(n_frames), report]
    command = [sys.executable, "-c", SUBSCRIBER, *wanted]
    report.touch()
    with Child.start(command, name="subscriber", env={"TILED_RETRY_ATTEMPTS": "10"}) as child:
        child.wait_ready(60)
        yield child


def told(report: Path) -> dict[int, int]:
    """Sum of each frame that a subscriber was told of."""
    lines = [line.split() for line in report.read_text().splitlines(keepends=True) if "\n" in line]
    return {int(index): int(total) for index, total in lines}


def test_the_main_story(sim_ioc, outgrown, tmp_path):
    """IOC, plan, document writer, catalog; then the bytes, and live while the plan runs."""
    from bluesky import RunEngine

    from framepath.acquire import DocumentWriter, area_detector, configure_routing, frame_series

    (folder, child, served), report = outgrown, tmp_path / "told"
    det = area_detector(sim_ioc.prefix, name="story", files=folder / "data")
    configure_routing(det)
    det.cam.acquire_time.put(0.01)
    det.cam.acquire_period.put(0.05)
    engine, n_frames = RunEngine({}), 12
    with contextlib.closing(client_of(served).context) as context:
        with (
            contextlib.closing(DocumentWriter(from_context(context), folder=tmp_path)) as writer,
            subscriber(served, "story_image", n_frames, report) as live,
        ):
            engine.subscribe(writer)
            (uid,) = engine(frame_series(det, images=n_frames, darks=2, flats=1))
            writer.wait()
            assert live.wait(100) == 0, live.tail
            seen = told(report)
        run = from_context(context)[uid]
        assert run.health() == []
        assert set(run) == {"primary", "dark", "flat", "ledger"}
    for worker in workers_of(child):
        with only(child, worker), contextlib.closing(client_of(served).context) as context:
            run = from_context(context)[uid]
            for entry in det.ledger:
                stream = {"image": "primary"}.get(entry.frame_type, entry.frame_type)
                with h5py.File(entry.file) as file:
                    stored = file[entry.dataset][()]
                np.testing.assert_array_equal(run[stream]["story_image"][:], stored)
                if stream == "primary":
                    assert seen == {n: int(frame.sum()) for n, frame in enumerate(stored)}


def test_a_subscriber_is_served_again_after_a_restart(tmp_path, databases):
    port, report = free_tcp_and_udp_port(), tmp_path / "told"
    with serving(tmp_path, workers=2, port=port, **databases) as server:
        served = Served.from_ready_line(server.wait_ready(120))
        with contextlib.closing(client_of(served).context) as context:
            run = GrowingRun(from_context(context), tmp_path / "data" / "restart.h5", "images")
            with subscriber(served, "images", 2, report) as live:
                run.add_frame()
                wait_for(lambda: 0 in told(report), "the first frame", 30)
                assert server.stop() == 0
                with serving(tmp_path, workers=1, port=port, **databases) as again:
                    again.wait_ready(120)
                    run.add_frame()
                    assert live.wait(100) == 0, live.tail
                    assert told(report) == {n: int(frames(2)[n].sum()) for n in range(2)}
                    run.close()


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
