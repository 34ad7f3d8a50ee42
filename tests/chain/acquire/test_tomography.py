"""Scans of the simulated sample: what frames show is decided by motors and shutter alone."""

from __future__ import annotations

import sys
import threading

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import numpy as np
import pytest
from bluesky.utils import RunEngineInterrupted
from event_model import unpack_event_page
from ophyd import EpicsMotor, EpicsSignal
from ophyd.sim import motor
from ophyd.utils.errors import LimitError

from chain.iocs import port_pair, random_prefix, running_ioc
from chain.waiting import wait_for
from framepath.acquire import (
    Hooks,
    area_detector,
    configure_routing,
    tomo_scan,
    with_darks_flats,
    with_ledger,
)
from framepath.acquire.devices.default_xml import THETA
from framepath.errors import FramepathError, SettingsError
from framepath.files import open_frames
from framepath.processes import Child
from framepath.spec.serving import IocReady


@pytest.fixture(scope="module")
def motion():
    command = [sys.executable, "-m", "framepath", "ioc", "motion", "--prefix", random_prefix()]
    with (
        port_pair() as (port, _),
        Child.start([*command, "--ca-port", str(port)], name="motion IOC") as child,
    ):
        yield IocReady.from_line(child.wait_ready(60)).prefix


@pytest.fixture(scope="module")
def beamline(motion, files_folder):
    """Camera, rotation, and hooks for shutter and sample."""
    arguments = ("--scene", "absorption", "--motion", motion)
    with running_ioc(*arguments) as ioc:
        det = area_detector(ioc.prefix, name="camera", files=files_folder / "tomo")
        configure_routing(det, more_attributes=[THETA])
        det.cam.acquire_time.put(0.01)
        det.cam.acquire_period.put(0.05)
        theta = EpicsMotor(f"{motion}m1", name="theta")
        sample = EpicsMotor(f"{motion}m2", name="sample")
        shutter = EpicsSignal(f"{motion}shutter", name="shutter", put_complete=True)
        for device in (theta, sample, shutter):
            device.wait_for_connection()
        theta.velocity.put(90, wait=True)
        sample.velocity.put(50, wait=True)
        shutter.put(1, wait=True)
        hooks = Hooks(
            close_shutter=lambda: bps.mv(shutter, 0),
            open_shutter=lambda: bps.mv(shutter, 1),
            sample_out=lambda: bps.mv(sample, 6),
            sample_in=lambda: bps.mv(sample, 0),
        )
        yield det, theta, hooks


def means(det):
    """Mean pixel of the frames of each type."""
    found = {}
    for entry in det.ledger:
        with open_frames(entry.file, entry.dataset) as frames:
            found[entry.frame_type] = frames[:].mean()
    return found


def test_a_step_scan_with_references_on_both_sides(RE, documents, beamline):
    det, theta, hooks = beamline
    RE(tomo_scan(det, theta, 0, 90, 4, darks=2, flats=1, when="both", hooks=hooks))
    assert documents.ledger() == {"dark": (4, 4, 4), "flat": (2, 2, 2), "image": (4, 4, 4)}
    angles = [d["data"]["theta"] for d in documents.of("event")]
    assert angles == pytest.approx([0, 30, 60, 90], abs=0.01)
    brightness = means(det)
    assert brightness["dark"] < brightness["image"] < brightness["flat"]
    (start,) = documents.of("start")
    assert start["plan_name"] == "tomo_scan"
    assert start["plan_args"]["num"] == 4


def test_references_after_every_few_images(RE, documents, beamline):
    det, theta, hooks = beamline
    RE(tomo_scan(det, theta, 0, 40, 5, flats=1, when=2, hooks=hooks))
    assert documents.ledger() == {"flat": (3, 3, 3), "image": (5, 5, 5)}


def test_a_fly_scan_knows_the_angle_of_each_frame(RE, documents, beamline):
    det, theta, hooks = beamline
    det.cam.wait_for_plugins.put(1)
    velocity = theta.velocity.get()
    RE(tomo_scan(det, theta, 0, 30, 31, fly=True, darks=1, flats=1, hooks=hooks))
    assert documents.ledger()["image"] == (31, 31, 31)
    uid = documents.streams["theta"]["uid"]
    (page,) = [d for d in documents.of("event_page") if d["descriptor"] == uid]
    rows = [event["data"] for event in unpack_event_page(page)]
    angles = np.array([row["theta"] for row in rows])
    steps = np.diff(angles)
    assert len(rows) == 31
    assert np.all(np.diff([row["unique_id"] for row in rows]) == 1)
    assert not any(row["approximate"] for row in rows)
    assert angles[0] == pytest.approx(0, abs=6)
    assert np.median(steps) == pytest.approx(1.0, rel=0.2)
    assert theta.velocity.get(use_monitor=False) == velocity


def test_angles_from_the_motor_are_marked(RE, documents, beamline):
    det, theta, _ = beamline
    configure_routing(det)  # no Theta among the attributes
    try:
        RE(tomo_scan(det, theta, 0, 10, 11, fly=True))
    finally:
        configure_routing(det, more_attributes=[THETA])
    uid = documents.streams["theta"]["uid"]
    (page,) = [d for d in documents.of("event_page") if d["descriptor"] == uid]
    assert all(page["data"]["approximate"])
    assert np.all(np.diff(page["data"]["theta"]) > 0)


def test_darks_and_flats_around_any_plan(RE, documents, beamline):
    det, theta, hooks = beamline
    plan = bp.scan([det], theta, 0, 20, 3)
    RE(with_ledger(with_darks_flats(plan, det, darks=2, flats=1, when="both", hooks=hooks)))
    assert documents.ledger() == {"dark": (4, 4, 4), "flat": (2, 2, 2), "image": (3, 3, 3)}
    assert documents.n_frames("primary") == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"start": 1, "stop": 1, "num": 3}, "both 1"),
        ({"num": 0}, "0"),
        ({"fly": True, "num": 1}, "two images"),
        ({"fly": True, "when": 3}, "step scan"),
        ({"when": "during"}, "during"),
        ({"darks": -1}, "-1"),
        ({"flats": 1.5}, "1.5"),
        ({"stop": float("nan")}, "nan"),
        ({"start": "0"}, "'0'"),
        ({"when": True}, "when=True"),
        ({"theta": "theta"}, "'theta', which cannot be moved"),
        ({"hooks": {"sample_in": 1}}, "not framepath.acquire.Hooks"),
        ({"hooks": Hooks(sample_in=1)}, "hook sample_in is 1"),
    ],
)
def test_scans_that_make_no_sense(RE, documents, beamline, arguments, told):
    det, theta, _ = beamline
    keywords = {"theta": theta, "start": 0, "stop": 10, "num": 5, **arguments}
    with pytest.raises(SettingsError, match=told):
        RE(tomo_scan(det, **keywords))
    assert documents.all == []


def test_a_hook_that_moves_by_itself(RE, documents, beamline):
    det, theta, _ = beamline
    hooks = Hooks(close_shutter=lambda: None)
    with pytest.raises(SettingsError, match=r"returned None; expected a callable that returns"):
        RE(tomo_scan(det, theta, 0, 2, 3, darks=1, hooks=hooks))
    assert [stop["exit_status"] for stop in documents.of("stop")] == ["fail"]


def test_points_of_several_frames(RE, documents, beamline):
    det, theta, _ = beamline
    det.frames_per_point = 2
    grid = bp.grid_scan([det], theta, 0, 4, 2, motor, -1, 1, 3)
    try:
        RE(with_ledger(bp.scan([det], theta, 0, 4, 2)))
        assert documents.n_frames("primary") == 2
        assert documents.ledger() == {"image": (4, 4, 4)}
        documents.all.clear()
        RE(with_ledger(grid))
    finally:
        det.frames_per_point = 1
    assert documents.n_frames("primary") == 6
    assert documents.ledger() == {"image": (12, 12, 12)}
    (key,) = [k for k in documents.streams["primary"]["data_keys"] if k == "camera_image"]
    assert documents.streams["primary"]["data_keys"][key]["shape"] == [2, 514, 1030]


def test_an_abort_among_flats_brings_the_sample_back(RE, documents, beamline):
    det, theta, hooks = beamline
    moves = []

    def told(name):
        def stub():
            moves.append(name)
            yield from getattr(hooks, name)()

        return stub

    watched = Hooks(sample_out=told("sample_out"), sample_in=told("sample_in"))

    def pause_at_flats(msg):
        if msg.command == "trigger" and moves == ["sample_out"]:
            RE.msg_hook = None
            threading.Thread(target=RE.request_pause, daemon=True).start()

    RE.msg_hook = pause_at_flats
    try:
        with pytest.raises(RunEngineInterrupted):
            RE(tomo_scan(det, theta, 0, 10, 3, flats=20, hooks=watched))
    finally:
        RE.msg_hook = None
    RE.abort("enough")
    assert moves == ["sample_out", "sample_in"]
    (stop,) = documents.of("stop")
    triggered, received, stored = documents.ledger()["flat"]
    counts = f"camera flat: {stored} triggered, {stored} received, {stored} stored"
    assert (stop["exit_status"], stop["reason"]) == ("abort", counts)
    assert triggered == received == stored == documents.n_frames("flat")


def test_a_pause_in_flight_ends_the_run(RE, documents, beamline):
    det, theta, _ = beamline
    velocity = theta.velocity.get()

    def pause_in_flight(msg):
        if msg.command == "trigger":
            RE.msg_hook = None
            threading.Thread(target=RE.request_pause, daemon=True).start()

    RE.msg_hook = pause_in_flight
    try:
        with pytest.raises(RunEngineInterrupted):
            RE(tomo_scan(det, theta, 0, 30, 31, fly=True))
    finally:
        RE.msg_hook = None
    assert RE.state == "idle"
    assert theta.velocity.get(use_monitor=False) == velocity
    triggered, received, stored = documents.ledger()["image"]
    assert triggered == received == stored
    (stop,) = documents.of("stop")
    assert stop["exit_status"] == "fail"
    assert f"camera image: {stored} triggered" in stop["reason"]


def test_a_flight_that_the_motor_cannot_make(RE, documents, beamline):
    """The record cuts the velocity to its VMAX, and the setpoint never comes true."""
    det, theta, hooks = beamline
    theta.velocity.put(5, wait=True)
    moved = []
    RE.msg_hook = lambda msg: moved.append(msg.obj) if msg.command == "set" else None
    try:
        with pytest.raises(SettingsError, match="velocity 90; expected 200"):
            RE(tomo_scan(det, theta, 0, 450, 46, fly=True, darks=1, flats=1, hooks=hooks))
    finally:
        RE.msg_hook = None
    assert {device.name for device in moved} == {"theta_velocity"}
    assert theta.velocity.get(use_monitor=False) == 5
    theta.velocity.put(90, wait=True)
    assert documents.of("event") == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_flats_that_would_be_misplaced_move_nothing(RE, documents, beamline, when):
    det, theta, hooks = beamline
    destination = det.cam.frame_type_state_2.get()
    det.cam.frame_type_state_2.put("/nowhere", wait=True)
    moved = []
    RE.msg_hook = lambda msg: moved.append(msg) if msg.command in ("set", "trigger") else None
    options = {"darks": 1, "flats": 1, "when": when, "hooks": hooks}
    try:
        with pytest.raises(FramepathError, match="FLAT"):
            RE(tomo_scan(det, theta, 0, 2, 3, **options))
        with pytest.raises(FramepathError, match="FLAT"):
            RE(with_darks_flats(bp.scan([det], theta, 0, 2, 3), det, **options))
    finally:
        RE.msg_hook = None
        det.cam.frame_type_state_2.put(destination, wait=True)
    assert not moved
    assert {stop["exit_status"] for stop in documents.of("stop")} == {"fail"}


def limit(theta, highest):
    """Set the limit of a motor; the client knows it for good."""

    def known():
        # Setpoints in ophyd's queue bring the limit of their time, also an old one: send new ones.
        for angle in (1, 0):
            theta.move(angle, wait=True, timeout=30)
        return theta.user_setpoint.limits[1] == highest

    theta.high_limit_travel.put(highest, wait=True)
    wait_for(known, "the client knows the limit")


def test_a_motor_that_may_not_go_there(RE, documents, beamline):
    det, theta, _ = beamline
    before = theta.high_limit_travel.get()
    limit(theta, 15)
    try:
        with pytest.raises(LimitError):
            RE(tomo_scan(det, theta, 0, 30, 4))
        assert documents.all == []
        with pytest.raises(LimitError):
            RE(with_ledger(bp.scan([det], theta, 0, 30, 4)))
    finally:
        limit(theta, before)
    assert documents.ledger() == {"image": (2, 2, 2)}
    (stop,) = documents.of("stop")
    assert stop["exit_status"] == "fail"
    assert "camera image: 2 triggered, 2 received, 2 stored" in stop["reason"]


def test_a_motor_that_fails_ends_the_run_with_a_good_file(RE, documents, beamline, monkeypatch):
    det, theta, _ = beamline
    move = theta.set

    def stuck_above_15(value):
        if value > 15:
            raise RuntimeError("the motor is stuck")
        return move(value)

    monkeypatch.setattr(theta, "set", stuck_above_15)
    with pytest.raises(RuntimeError, match="stuck"):
        RE(with_ledger(tomo_scan(det, theta, 0, 30, 4)))
    (stop,) = documents.of("stop")
    assert (stop["exit_status"], "stuck" in stop["reason"]) == ("fail", True)
    assert documents.ledger() == {"image": (2, 2, 2)}
    with open_frames(det.ledger[0].file, det.ledger[0].dataset) as frames:
        assert len(frames) == 2
