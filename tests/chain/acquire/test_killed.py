"""SIGKILL in the middle of a run, to the IOC and to the session: what is left, and what comes next.

The server's turn is in test_document_writer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
import numpy as np
import pytest
from click.testing import CliRunner

from chain.acquire.test_series import values
from chain.iocs import random_prefix, running_ioc
from chain.waiting import wait_for
from framepath.acquire import (
    IMAGE,
    DocumentWriter,
    area_detector,
    configure_routing,
    take,
    with_ledger,
)
from framepath.acquire.documents.journal import read_journal
from framepath.acquire.documents.orphans import REASON
from framepath.acquire.pvs import connection
from framepath.acquire.pvs.connection import value_of, value_while_connected
from framepath.acquire.pvs.crash_record import CrashRecord
from framepath.cli.documents import command
from framepath.errors import IocUnreachable
from framepath.files import open_frames
from framepath.processes import Child


@pytest.fixture
def saved(tmp_path):
    """A function that starts an IOC, always the same one, which restores what it had saved."""
    prefix, save = random_prefix(), tmp_path / "autosave.json"
    return lambda: running_ioc("--save", str(save), prefix=prefix)


def images_in(path):
    """The frames of a file that its writer may not have closed."""
    with open_frames(path, "/entry/data/data") as frames:
        return frames[:]


LEAVING = """
import sys
from bluesky import RunEngine
from bluesky import plans as bp
from framepath.acquire import area_detector, configure_routing, with_ledger
from framepath.errors import IocUnreachable

det = area_detector(sys.argv[1], name="left", files=sys.argv[2])
configure_routing(det)
det.cam.acquire_time.put(30.0)
engine = RunEngine()
engine.subscribe(lambda name, document: print(name, flush=True), "start")
trigger = det.trigger
det.trigger = lambda: (trigger(), print("exposing", flush=True))[0]
try:
    engine(with_ledger(bp.count([det])))
except IocUnreachable:
    print("told")
"""


def test_a_session_that_ends_right_after_its_ioc(saved, files_folder):
    with saved() as ioc:
        command = [sys.executable, "-c", LEAVING, ioc.prefix, str(files_folder / "left")]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as session:
            assert session.stdout is not None
            began = [session.stdout.readline() for _ in range(2)]
            assert began == ["start\n", "exposing\n"], session.communicate(timeout=60)
            ioc.child.kill()
            told, errors = session.communicate(timeout=60)
    assert (told, session.returncode) == ("told\n", 0), errors
    assert "Exception occurred during callback" not in errors


def test_a_lost_connection_is_not_waited_for_by_callbacks(saved, files_folder, monkeypatch):
    with saved() as ioc:
        counter = area_detector(ioc.prefix, name="lost", files=files_folder).cam.array_counter
        assert value_of(counter) == value_while_connected(counter)
    wait_for(lambda: not counter.connected, "the client has noticed")
    monkeypatch.setattr(connection, "connect", lambda *_: pytest.fail("it was waited for"))
    with pytest.raises(IocUnreachable, match="has disconnected"):
        value_while_connected(counter)


def test_an_ioc_killed_mid_run(RE, documents, saved, files_folder):
    taken = []
    with saved() as first:
        det = area_detector(first.prefix, name="killed", files=files_folder / "killed")
        configure_routing(det)
        det.cam.acquire_time.put(0.005)
        det.cam.acquire_period.put(0.005)
        before = values(det)

        @bpp.stage_decorator([det])
        @bpp.run_decorator()
        def plan():
            yield from take(det, IMAGE, 5)
            taken.append(str(det.file_logic.where(IMAGE).path))
            yield from bps.abs_set(det.cam.acquire_time, 30.0, wait=True)
            yield from bps.trigger(det)
            first.child.kill()
            yield from bps.wait()

        with pytest.raises(IocUnreachable) as raised:
            RE(with_ledger(plan()))
    assert det.cam.acquire.pvname in str(raised.value)
    (stop,) = documents.of("stop")
    assert stop["exit_status"] == "fail"
    assert "disconnected during an exposure" in stop["reason"]
    assert documents.n_frames("primary") == 5
    assert images_in(taken[0]).shape == (5, 514, 1030)
    assert CrashRecord(det.prefix).path.exists()

    documents.all.clear()
    with saved():
        det.wait_for_connection(timeout=30)
        RE(with_ledger(bp.count([det], num=2)))
        assert values(det) == before
    assert documents.ledger() == {"image": (2, 2, 2)}
    assert not CrashRecord(det.prefix).path.exists()


SESSION = """
import sys, threading
from bluesky import RunEngine
from framepath.acquire import DocumentWriter, area_detector, frame_series

def unreachable():
    raise OSError("no catalog in this session")

det = area_detector({prefix!r}, name="det", files={files!r})
RE = RunEngine()
RE.subscribe(DocumentWriter(unreachable, folder={journals!r}))
seen = []

def on_document(name, document):
    if name == "stream_datum":
        seen.append(document)
        if len(seen) == 2:
            print(f'{{{{"run": "here"}}}} ready', flush=True)

RE.subscribe(on_document)
det.cam.acquire_time.put(0.05)
det.cam.acquire_period.put(0.1)
RE(frame_series(det, images=600))
"""


@contextmanager
def session_in_a_series(sim_ioc, folder, journals):
    script = SESSION.format(prefix=sim_ioc.prefix, files=str(folder), journals=str(journals))
    with Child.start([sys.executable, "-c", script], name="session") as child:
        child.wait_ready(60)
        yield child


def test_a_session_killed_mid_run(
    RE, documents, sim_ioc, det, files_folder, tmp_path, served, catalog
):
    before, journals = values(det), tmp_path / "journals"
    with session_in_a_series(sim_ioc, files_folder / "orphan", journals) as session:
        session.kill()
    assert values(det) != before

    # The next plan on the detector: PVs, and the file that the dead session left open.
    RE(with_ledger(bp.count([det], num=2)))
    assert documents.ledger() == {"image": (2, 2, 2)}
    assert values(det) == before
    (file,) = (files_folder / "orphan").glob("*.h5")
    left = images_in(file)

    # The next session on the journals, and afterwards by hand, twice.
    (journal,) = journals.glob("*.jsonl")
    writer = DocumentWriter(catalog, folder=journals, keep=True)
    writer.close()
    uid = journal.stem
    run = catalog[uid]
    assert (run.metadata["stop"]["exit_status"], run.metadata["stop"]["reason"]) == ("fail", REASON)
    images = run["primary"]["det_image"]
    assert 0 < len(images) <= len(left)
    np.testing.assert_array_equal(images[:], left[: len(images)])
    assert [name for name, _ in read_journal(journal)].count("stop") == 1
    for _ in range(2):
        arguments = ["replay", str(journal), "--catalog", served.uri_with_key, "--json"]
        result = CliRunner().invoke(command, arguments)
        assert json.loads(result.stdout)["journals"][0]["outcome"] == "was there already"


def test_a_replay_closes_what_a_dead_session_left(
    RE, sim_ioc, det, files_folder, tmp_path, served, catalog
):
    before, journals = values(det), tmp_path / "journals"
    with session_in_a_series(sim_ioc, files_folder / "orphan2", journals) as session:
        session.kill()
    (journal,) = journals.glob("*.jsonl")
    rows = []
    for outcome in ("delivered", "was there already"):
        arguments = ["replay", str(journal), "--catalog", served.uri_with_key, "--json"]
        result = CliRunner().invoke(command, arguments)
        assert json.loads(result.stdout)["journals"][0]["outcome"] == outcome
        run = catalog[journal.stem]
        rows.append((run.metadata["stop"]["uid"], list(run["primary"]["seq_num"].read())))
    assert rows[0] == rows[1]
    assert rows[0][1] == list(range(1, len(rows[0][1]) + 1))
    RE(bp.count([det]))  # puts right what the dead session left on the detector
    assert values(det) == before
