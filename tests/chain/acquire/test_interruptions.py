"""Pause, stop, abort and halt anywhere: good files, balanced ledgers, PVs put back."""

from __future__ import annotations

import contextlib
import itertools
import re
import threading

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
import h5py
import pytest
from bluesky.suspenders import SuspendFloor
from bluesky.utils import RunEngineInterrupted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ophyd import Signal
from ophyd.sim import SynAxis, motor

from chain.acquire.test_series import values
from conftest import count
from framepath.acquire import (
    DARK,
    FLAT,
    IMAGE,
    frame_series,
    take,
    tomo_scan,
    with_darks_flats,
    with_ledger,
)

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
    told = {"primary": "data", "dark": "dark", "flat": "flat"}
    lengths["data"] -= n_in_no_event(stop, "image")
    if "ledger" in documents.streams:
        assert {name for name in told.values() if lengths[name]} == {
            told[stream] for stream in documents.streams if stream in told
        }
    for stream in told.keys() & documents.streams.keys():
        n_described = documents.n_frames(stream)
        assert documents.numbers(stream) == list(range(1, n_described + 1))
        assert stop["num_events"][stream] == n_described
        n_stored = n_described * n_per_event(documents, stream)
        if "ledger" in documents.streams:
            assert n_stored == lengths[told[stream]]
        assert n_stored <= lengths[told[stream]]
    return stop


def n_in_no_event(stop, frame_type):
    """Stored frames that a run says it has no event for: those of a point cut in two."""
    found = re.search(rf"(\d+) stored {frame_type} frame\(s\)", stop["reason"])
    return int(found[1]) if found else 0


def n_per_event(documents, stream):
    """Frames that an event of a stream stands for."""
    (key,) = (k for k in documents.streams[stream]["data_keys"].values() if k.get("external"))
    return key["shape"][0] if len(key["shape"]) > 2 else 1


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
        assert documents.n_frames("primary") == 2


@pytest.mark.parametrize("ending", ["resume", "stop", "abort"])
def test_a_long_shot_is_described_while_it_arrives(RE, documents, det, ending):
    det.cam.acquire_time.put(0.04)
    det.cam.acquire_period.put(0.05)
    det.columns = ["NDArrayUniqueId"]
    before = values(det)
    pauses = []

    def pause_once(name, document):
        if name == "stream_datum" and len(documents.of("stream_datum")) == 2 and not pauses:
            pauses.append(threading.Thread(target=RE.request_pause))
            pauses[0].start()

    token = RE.subscribe(pause_once)
    try:
        with pytest.raises(RunEngineInterrupted):
            RE(frame_series(det, images=40))
        getattr(RE, ending)()
    finally:
        RE.unsubscribe(token)
    stop = check(det, documents, before)
    (entry,) = det.ledger
    assert len(documents.frames("primary")) >= 2
    assert stop["num_events"] == {"primary": entry.stored, "ledger": 1}
    assert entry.stored == 40 if ending == "resume" else 0 < entry.stored < 40
    with h5py.File(entry.file) as file:
        ids = list(file["/entry/instrument/detector/NDAttributes/NDArrayUniqueId"][:])
    uid = documents.streams["primary"]["uid"]
    pages = [d for d in documents.of("event_page") if d["descriptor"] == uid]
    assert [i for page in pages for i in page["data"][f"{det.name}_NDArrayUniqueId"]] == ids


def test_a_suspender_holds_a_series_and_lets_it_go_on(RE, documents, det):
    beam = Signal(name="beam", value=1)
    suspender = SuspendFloor(beam, 0.5)
    RE.install_suspender(suspender)
    before = values(det)

    @bpp.stage_decorator([det])
    @bpp.run_decorator()
    def plan():
        yield from take(det, IMAGE, 2)
        beam.put(0)
        yield from take(det, IMAGE, 3)

    # The beam comes back once the engine has told that it waits.
    suspended = threading.Event()
    RE.state_hook = lambda new, old: suspended.set() if new == "suspending" else None

    def beam_comes_back():
        suspended.wait(30)
        beam.put(1)

    coming = threading.Thread(target=beam_comes_back)
    coming.start()
    try:
        RE(with_ledger(plan()))
        assert suspended.is_set()
    finally:
        suspended.set()
        coming.join()
        RE.state_hook = None
        RE.remove_suspender(suspender)
    stop = check(det, documents, before)
    assert documents.ledger() == {"image": (5, 5, 5)}
    assert stop["exit_status"] == "success"


def test_a_stop_takes_no_flats_any_more(RE, documents, det):
    before = values(det)
    plan = with_darks_flats(bp.count([det], num=3), det, flats=2, when="after")
    interrupted(RE, with_ledger(plan), [12], "stop")
    stop = check(det, documents, before)
    assert stop["exit_status"] == "success"
    assert "flat" not in documents.streams


def test_a_pause_during_a_count_takes_no_frame_twice(RE, documents, det):
    det.cam.acquire_time.put(0.1)
    before = values(det)
    interrupted(RE, bp.count([det], num=4), [7, 5, 6], "resume")
    assert values(det) == before
    (entry,) = det.ledger
    assert entry.balances
    assert documents.n_frames("primary") == entry.stored
    assert [d["seq_num"] for d in documents.of("event")][-1] == 4


def failing_at(plan, number):
    """The plan with an error thrown into it in place of its n-th message."""
    try:
        message = next(plan)
        for _ in range(number - 1):
            message = plan.send((yield message))
        message = plan.throw(RuntimeError("the beam is gone"))
        while True:
            try:
                answer = yield message
            except Exception as error:  # noqa: BLE001 (as the RunEngine does)
                message = plan.throw(error)
            else:
                message = plan.send(answer)
    except StopIteration:
        return


def failing_everywhere(RE, documents, det, make_plan, *, step=1):
    """Fail a plan at each ``step``-th message, check what is left; how many had a ledger."""
    before = values(det)
    n_balanced = 0
    for number in itertools.count(1, step):
        documents.all.clear()
        with contextlib.suppress(RuntimeError):
            RE(failing_at(make_plan(), number))
        if not documents.all:
            continue  # no run was opened yet
        stop = check(det, documents, before)
        assert n_in_no_event(stop, "image") < det.frames_per_point
        if stop["exit_status"] == "success":
            return n_balanced
        n_balanced += "ledger" in documents.streams
    raise AssertionError("the plan never succeeds")


def test_a_failure_at_any_message_leaves_no_stored_frame_undescribed(RE, documents, det):
    steps = [(DARK, 1), (IMAGE, 2), (DARK, 1)]
    assert failing_everywhere(RE, documents, det, lambda: frame_series(det, steps)) > 10


def test_a_failure_at_any_message_of_a_scan_with_references(RE, documents, det):
    def plan():
        scan = bp.scan([det], motor, 0, 1, 2)
        return with_ledger(with_darks_flats(scan, det, darks=1, flats=1, when="both"))

    assert failing_everywhere(RE, documents, det, plan) > 20


def test_a_failure_at_any_message_of_a_step_scan(RE, documents, det):
    def plan():
        return tomo_scan(det, motor, 0, 2, 3, darks=1, when=2)

    assert failing_everywhere(RE, documents, det, plan) > 20


def test_a_device_that_cannot_be_read_costs_an_event_and_no_ledger(RE, documents, det):
    class Dying(SynAxis):
        def read(self):
            if self.position >= 1:
                raise OSError("its IOC is gone")
            return super().read()

    before = values(det)
    with pytest.raises(OSError, match="its IOC is gone"):
        RE(with_ledger(bp.scan([det], Dying(name="dying"), 0, 1, 2)))
    assert documents.ledger() == {"image": (2, 2, 2)}
    assert documents.n_frames("primary") == 1
    (stop,) = documents.of("stop")
    assert "1 stored image frame(s)" in stop["reason"]
    assert "its IOC is gone" in stop["reason"]
    assert values(det) == before


def test_points_of_several_frames_fail_whole(RE, documents, det):
    det.frames_per_point = 2

    def plan():
        return with_ledger(bp.count([det], num=2))

    assert failing_everywhere(RE, documents, det, plan) > 5


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
        assert documents.n_frames("dark") == 3
