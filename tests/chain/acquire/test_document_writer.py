"""The document writer and a catalog that comes and goes."""

from __future__ import annotations

import json
import sys
import threading
import time

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
import numpy as np
import pytest
from click.testing import CliRunner
from tiled.client import from_uri

from framepath.acquire import DARK, IMAGE, DocumentWriter, frame_series, take
from framepath.acquire.documents import document_writer
from framepath.acquire.documents.delivery import Delivery
from framepath.acquire.documents.replay import open_catalog
from framepath.cli.documents import command
from framepath.files import open_frames
from framepath.processes import Child, free_tcp_and_udp_port
from framepath.spec.serving import Served


def until(served, deadline_s=30.0):
    """Poll a condition with a deadline."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        value = served()
        if value:
            return value
    raise AssertionError(f"not within {deadline_s} s")


@pytest.fixture
def writer(catalog, RE, tmp_path):
    made = DocumentWriter(catalog, folder=tmp_path / "journals")
    token = RE.subscribe(made)
    yield made
    RE.unsubscribe(token)
    made.close()


def test_a_series_in_the_catalog_is_the_file(RE, det, writer, catalog):
    (uid,) = RE(frame_series(det, images=4, darks=3, flats=2))
    writer.wait()
    run = catalog[uid]
    assert set(run) == {"primary", "dark", "flat", "ledger"}
    for entry in det.ledger:
        stream = {"image": "primary"}.get(entry.frame_type, entry.frame_type)
        images = run[stream][f"{det.name}_image"]
        with open_frames(entry.file, entry.dataset) as frames:
            assert images.shape == frames.shape
            for i in range(len(frames)):
                np.testing.assert_array_equal(images[i], frames[i])
        assert list(run[stream]["seq_num"].read()) == list(range(1, len(images) + 1))
    ledger = run["ledger"].read()
    for column in ("triggered", "received", "stored"):
        assert list(ledger[column].values) == [3, 2, 4]
    assert list((writer._folder).iterdir()) == []


def test_frames_are_catalogued_while_the_run_goes_on(RE, det, writer, catalog, monkeypatch):
    # They do not wait for the next look, which is after the test has given up.
    monkeypatch.setattr(document_writer, "LOOK_EVERY_S", 600.0)
    seen = []

    @bpp.stage_decorator([det])
    @bpp.run_decorator()
    def plan():
        yield from take(det, IMAGE, 2)
        images = until(lambda: _frames_of_the_last_run(catalog, det, 2))
        seen.append((images.shape[0], np.asarray(images[1]).any()))
        yield from take(det, IMAGE, 3)

    (uid,) = RE(plan())
    writer.wait()
    assert seen == [(2, True)]
    assert catalog[uid].primary[f"{det.name}_image"].shape[0] == 5


def test_frames_of_a_run_cost_one_request_each(RE, det, writer, catalog):
    asked = []
    node = f"primary/{det.name}_image"

    def sent(method):
        return [path for asked_by, path in asked if asked_by == method and path.endswith(node)]

    def delivered_at_once(detectors):
        n_before = len(sent("PUT"))
        yield from bps.one_shot(detectors)
        until(lambda: len(sent("PUT")) > n_before)

    requests = catalog.context.http_client.event_hooks["request"]
    requests.append(lambda request: asked.append((request.method, request.url.path)))
    RE(bp.count([det], num=4, per_shot=delivered_at_once))
    writer.wait()
    requests.pop()
    assert len(sent("PUT")) == 4, asked
    assert len(sent("GET")) <= 2, asked


def _frames_of_the_last_run(catalog, det, n_frames):
    run = catalog[-1]
    if "primary" not in run or run.metadata.get("stop"):
        return None
    images = run["primary"].get(f"{det.name}_image")
    return images if images is not None and images.shape[0] == n_frames else None


def test_many_events_arrive_whole_and_in_order(RE, det, writer, catalog):
    (uid,) = RE(bp.count([det], num=120))
    writer.wait()
    primary = catalog[uid].primary
    assert list(primary["seq_num"].read()) == list(range(1, 121))
    assert primary[f"{det.name}_image"].shape[0] == 120


def test_a_second_writer_leaves_the_run_to_the_first(RE, det, writer, catalog, tmp_path):
    second = DocumentWriter(catalog, folder=tmp_path / "more-journals")
    token = RE.subscribe(second)
    (uid,) = RE(bp.count([det], num=5))
    RE.unsubscribe(token)
    writer.wait()
    second.close()
    assert catalog[uid].primary[f"{det.name}_image"].shape[0] == 5
    assert list((tmp_path / "journals").iterdir()) == []
    assert list((tmp_path / "more-journals").iterdir()) == []


def test_a_run_that_another_has_half_delivered_is_not_replaced(RE, det, catalog, tmp_path):
    other = Delivery(catalog)

    def by_both(name, document):
        other.send([(name, document)])
        second(name, document)

    second = DocumentWriter(catalog, folder=tmp_path / "journals")
    (uid,) = RE(bp.count([det], num=3), by_both)
    second.close()
    assert catalog[uid].metadata["stop"]["num_events"]["primary"] == 3
    assert catalog[uid].primary[f"{det.name}_image"].shape[0] == 3
    assert list((tmp_path / "journals").iterdir()) == []


def test_a_failed_plan_is_in_the_catalog_with_its_reason(RE, det, writer, catalog):
    @bpp.stage_decorator([det])
    @bpp.run_decorator()
    def plan():
        yield from take(det, IMAGE, 2)
        raise ValueError("the sample fell off")

    uids = []
    token = RE.subscribe(lambda name, document: uids.append(document["uid"]), "start")
    with pytest.raises(ValueError, match="fell off"):
        RE(plan())
    RE.unsubscribe(token)
    writer.wait()
    run = catalog[uids[0]]
    assert run.metadata["stop"]["exit_status"] == "fail"
    assert run.primary[f"{det.name}_image"].shape[0] == 2


@pytest.fixture(scope="module")
def own_server(tmp_path_factory, files_folder):
    """A function that starts a server, always of the same catalog at the same address."""
    settings = tmp_path_factory.mktemp("own") / "framepath.yml"
    settings.write_text(
        f"serve:\n  folder: {tmp_path_factory.mktemp('own-catalog')}\n  data: [{files_folder}]\n"
        f"  port: {free_tcp_and_udp_port()}\n"
    )
    command = [sys.executable, "-m", "framepath", "serve", "--settings", settings]
    return lambda: Child.start(command, name="framepath serve")


def test_a_server_killed_and_restarted_mid_run_loses_nothing(RE, det, own_server, tmp_path):
    journals = tmp_path / "journals"
    with own_server() as first:
        served = Served.from_ready_line(first.wait_ready(120))
        catalog = from_uri(served.uri_with_key)
        writer = DocumentWriter(catalog, folder=journals, keep=True)
        token = RE.subscribe(writer)
        asking = set()

        @bpp.stage_decorator([det])
        @bpp.run_decorator()
        def plan():
            yield from take(det, DARK, 2)
            yield from bps.wait_for([lambda: _in_a_thread(lambda: len(catalog))])
            first.kill()
            requests = catalog.context.http_client.event_hooks["request"]
            requests.append(lambda _: asking.add(threading.current_thread().name))
            for _ in range(5):
                yield from take(det, IMAGE, 1)

        (uid,) = RE(plan())
        RE.unsubscribe(token)
        # The dead server was asked, and never on the RunEngine's thread.
        until(lambda: writer.last_error is not None)
        assert asking == {"framepath-documents"}
    with own_server() as second:
        second.wait_ready(120)
        writer.close(120)
        run = catalog[uid]
        assert run["dark"][f"{det.name}_image"].shape[0] == 2
        assert run["primary"][f"{det.name}_image"].shape[0] == 5

        journal = journals / f"{uid}.jsonl"
        for expected in ("was there already", "was there already"):
            assert _replayed(served, journal) == (0, expected)
        catalog.delete_contents(uid, recursive=True, external_only=False)
        for expected in ("delivered", "was there already"):
            assert _replayed(served, journal) == (0, expected)
        with open_catalog(served.uri_with_key, None) as again:
            assert list(again[uid]["primary"]["seq_num"].read()) == [1, 2, 3, 4, 5]
        catalog.context.close()
    exit_code, outcome = _replayed(served, journal)
    assert exit_code == 1
    assert "cannot be reached" in outcome


async def _in_a_thread(function):
    import asyncio

    return await asyncio.to_thread(function)


def _replayed(served, journal):
    arguments = ["replay", str(journal), "--catalog", served.uri_with_key, "--json"]
    result = CliRunner().invoke(command, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return 1, str(result.exception)
    return result.exit_code, json.loads(result.stdout)["journals"][0]["outcome"]


def test_a_replay_needs_to_know_where(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text("{}\n")
    result = CliRunner().invoke(command, ["replay", str(path)])
    assert "--catalog ADDRESS" in str(result.exception)
    assert isinstance(result.exception, ValueError)
