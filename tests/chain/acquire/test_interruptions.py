"""Pause, stop, abort and halt anywhere: good files, balanced ledgers, PVs put back."""

from __future__ import annotations

import threading

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
import h5py
import pytest
from bluesky.utils import RunEngineInterrupted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.acquire.test_series import values
from conftest import count
from framepath.acquire import DARK, FLAT, IMAGE, frame_series, take, with_ledger

SEQUENCE = [(DARK, 1), (FLAT, 2), (IMAGE, 3), (DARK, 2)]


class Interruption:
    """Asks the RunEngine to pause once it handles its n-th message from now."""

    def __init__(self, RE, at_message):
        self._RE = RE
        self._left = at_message
        self._thread = None

    def __call__(self, msg):
        self._left -= 1
        if self._left == 0:
            # From a thread of its own, as Ctrl-C or a GUI would: the loop's may not wait.
            self._thread = threading.Thread(target=self._RE.request_pause, daemon=True)
            self._thread.start()

    def join(self):
        if self._thread is not None:
            self._thread.join(5)


def interrupted(RE, plan, at_messages, ending):
    """Run a plan, pausing and resuming at each message; end the last pause by ``ending``."""

    def go(start, at_message):
        RE.msg_hook = Interruption(RE, at_message)
        try:
            start()
        except RunEngineInterrupted:
            pass
        finally:
            RE.msg_hook.join()
            RE.msg_hook = None

    go(lambda: RE(plan), at_messages[0])
    for at_message in at_messages[1:]:
        if RE.state == "paused":
            go(RE.resume, at_message)
    while RE.state == "paused":
        getattr(RE, ending)()


def frames_in(path):
    """Frames of each dataset, and that every one came once."""
    with h5py.File(path) as file:
        lengths = {name: len(file[f"/entry/data/{name}"]) for name in ("data", "dark", "flat")}
        ids = list(file["/entry/instrument/detector/NDAttributes/NDArrayUniqueId"][:])
    assert len(set(ids)) == len(ids)
    return lengths


def check(det, documents, before):
    """What holds however a plan ended."""
    assert values(det) == before
    assert det.acquisition is None
    (stop,) = documents.of("stop")
    for entry in det.ledger:
        assert entry.balances, entry
    if not any(entry.stored for entry in det.ledger):
        return stop
    lengths = frames_in(next(entry.file for entry in det.ledger if entry.file))
    for stream, name in (("primary", "data"), ("dark", "dark"), ("flat", "flat")):
        if stream not in documents.streams:
            continue
        described = documents.frames(stream)
        assert described == sorted(set(described))
        assert [a for _, a in described[:-1]] == [b for b, _ in described[1:]]
        assert described[-1][1] <= lengths[name]
        descriptors = {d["uid"] for d in documents.of("descriptor") if d["name"] == stream}
        numbers = [
            n
            for d in documents.of("event_page")
            if d["descriptor"] in descriptors
            for n in d["seq_num"]
        ]
        assert numbers == list(range(1, described[-1][1] + 1))
    return stop


@pytest.mark.parametrize("ending", ["resume", "stop", "abort", "halt"])
def test_a_pause_between_two_exposures(RE, documents, det, ending):
    before = values(det)

    @bpp.stage_decorator([det])
    @bpp.run_decorator()
    def plan():
        yield from take(det, DARK, 2)
        yield from bps.pause()
        yield from take(det, IMAGE, 2)

    with pytest.raises(RunEngineInterrupted):
        RE(with_ledger(plan()))
    getattr(RE, ending)()
    stop = check(det, documents, before)
    taken = {entry.frame_type: entry.stored for entry in det.ledger}
    if ending == "resume":
        assert taken == {"dark": 2, "image": 2}
        assert stop["exit_status"] == "success"
    else:
        assert taken == {"dark": 2}
        assert stop["exit_status"] == ("success" if ending == "stop" else "abort")


@pytest.mark.parametrize("ending", ["resume", "abort"])
def test_a_pause_during_a_long_exposure(RE, documents, det, ending):
    det.cam.acquire_time.put(0.5)
    before = values(det)
    interrupted(RE, frame_series(det, images=2), [9], ending)
    check(det, documents, before)
    if ending == "resume":
        assert documents.ledger() == {"image": (2, 2, 2)}
        assert documents.frames("primary") == [(0, 2)]


def test_a_pause_during_a_count_takes_no_frame_twice(RE, documents, det):
    det.cam.acquire_time.put(0.1)
    before = values(det)
    interrupted(RE, bp.count([det], num=4), [7, 5, 6], "resume")
    assert values(det) == before
    (entry,) = det.ledger
    assert entry.balances
    described = documents.frames("primary")
    assert described == [(i, i + 1) for i in range(entry.stored)]
    assert [d["seq_num"] for d in documents.of("event")][-1] == 4


@settings(
    max_examples=count(40, 200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    at_messages=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    ending=st.sampled_from(["resume", "stop", "abort", "halt"]),
)
def test_interruptions_at_random_leave_a_balanced_ledger(RE, documents, det, at_messages, ending):
    documents.all.clear()
    before = values(det)
    interrupted(RE, frame_series(det, SEQUENCE), at_messages, ending)
    stop = check(det, documents, before)
    if ending == "resume":
        assert stop["exit_status"] == "success"
        assert documents.ledger() == {"dark": (3, 3, 3), "flat": (2, 2, 2), "image": (3, 3, 3)}
        assert documents.frames("dark") == [(0, 1), (1, 3)]
