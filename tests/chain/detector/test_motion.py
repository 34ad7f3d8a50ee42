"""The motion IOC with the clients that beamlines use, and the simulated camera that follows it."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from chain.detector.pvs import Pvs
from chain.iocs import running_ioc
from chain.waiting import wait_for
from framepath.detector.conformance import compare
from framepath.detector.motion.follow import SAMPLE_HALF_WIDTH_MM
from framepath.errors import IocUnreachable
from framepath.processes import Child
from framepath.scenes import Absorption, frame_index
from framepath.spec.frame_type import FrameType
from framepath.spec.serving import IocReady

SHAPE_YX = (48, 64)
EXPOSURE_S = 0.01


@pytest.fixture(scope="module")
def motion():
    """A motion IOC on a port of the tests' clients."""
    import chain.iocs

    command = [sys.executable, "-m", "framepath", "ioc", "motion"]
    with chain.iocs.port_pair() as (port, _):
        options = ("--prefix", chain.iocs.random_prefix(), "--ca-port", str(port))
        with Child.start([*command, *options], name="motion IOC") as child:
            yield IocReady.from_line(child.wait_ready(60))


@pytest.fixture
def field(motion):
    """Read and write fields of the sample's motor m2."""
    import epics

    class Field:
        def __getitem__(self, name):
            return epics.caget(f"{motion.prefix}m2.{name}", use_monitor=False)

        def __setitem__(self, name, value):
            assert epics.caput(f"{motion.prefix}m2.{name}", value, wait=True, timeout=60) == 1

    return Field()


def test_ready_line_names_no_pva_server(motion):
    assert motion.kind == "motion"
    assert motion.pva == "-"


def test_ophyd_motor(motion):
    from ophyd import EpicsMotor
    from ophyd.utils import LimitError

    theta = EpicsMotor(f"{motion.prefix}m1", name="theta")
    theta.wait_for_connection(all_signals=True, timeout=60)
    assert theta.egu == "deg"
    assert theta.limits == (-720.0, 720.0)
    theta.velocity.set(60.0).wait(30)
    seen = []
    token = theta.user_readback.subscribe(lambda value, timestamp, **_: seen.append(timestamp))
    theta.set(30.0).wait(30)
    theta.user_readback.unsubscribe(token)
    assert theta.position == 30.0
    assert len(seen) >= 5  # 10 to 20 a second
    theta.set(30.0).wait(30)  # no way to go; DMOV still pulses
    with pytest.raises(LimitError):
        theta.set(721.0)
    moving = theta.set(-300.0)
    wait_for(lambda: theta.moving, "the motor to set out")
    theta.stop()
    moving.wait(30)
    assert -300.0 < theta.user_readback.get() <= 30.0
    wait_for(lambda: theta.user_setpoint.get() == theta.position, "VAL to follow a stop")
    theta.set_current_position(90.0)
    wait_for(lambda: theta.position == 90.0, "Set to redefine the position")
    theta.set(100.0).wait(30)
    assert theta.position == 100.0
    theta.user_offset.set(0.0).wait(30)


def test_beyond_the_limits_the_record_refuses(field):
    field["VAL"] = 1.0
    field["VAL"] = 51.0
    assert field["LVIO"] == 1
    assert field["VAL"] == 1.0
    field["HLM"] = 0.5
    assert field["DHLM"] == 0.5
    field["VAL"] = 0.75
    assert field["LVIO"] == 1
    field["HLM"] = 50.0
    field["VAL"] = 0.0
    assert field["LVIO"] == 0
    assert field["RBV"] == 0.0


def test_other_ways_to_move(field):
    field["VELO"] = 500.0
    assert field["VELO"] == 50.0  # VMAX
    field["VAL"] = 1.0
    field["RLV"] = 2.0
    assert field["RBV"] == pytest.approx(3.0)
    field["TWV"] = 0.5
    field["TWR"] = 1
    assert field["RBV"] == pytest.approx(2.5)
    field["OFF"] = 10.0
    assert field["RBV"] == pytest.approx(12.5)
    assert field["HLM"] == pytest.approx(60.0)
    field["DVAL"] = 1.0
    assert field["RBV"] == pytest.approx(11.0)
    field["RVAL"] = 20000
    assert field["DRBV"] == pytest.approx(2.0)
    assert field["RRBV"] == 20000
    field["HOMF"] = 1
    assert field["DRBV"] == 0.0
    field["OFF"] = 0.0
    assert field["RBV"] == 0.0


def test_rates_and_steps_that_cannot_be_are_not_taken(field):
    for name in ("VELO", "JVEL", "MRES", "ACCL", "TWV"):
        before = field[name]
        for value in (0.0, -1.0, float("nan"), float("inf")):
            field[name] = value
            assert field[name] == before
    for name in ("OFF", "HLM", "DLLM"):
        before = field[name]
        field[name] = float("nan")
        assert field[name] == before
    field["SET"] = 1
    field["VAL"] = float("nan")
    field["SET"] = 0
    assert (field["RBV"], field["OFF"]) == (0.0, 0.0)
    field["VAL"] = float("nan")
    assert field["LVIO"] == 1
    field["VAL"] = 0.0
    assert field["LVIO"] == 0


def test_jog_and_pause(field):
    field["JVEL"] = 5.0
    field["JOGF"] = 1
    wait_for(lambda: field["RBV"] > 0.2, "jogging")
    field["JOGF"] = 0
    assert field["DMOV"] == 1
    assert field["VAL"] == field["RBV"]
    field["SPMG"] = "Pause"
    field["VAL"] = 0.0
    assert field["RBV"] > 0.2
    field["SPMG"] = "Go"
    wait_for(lambda: field["RBV"] == 0.0 and field["DMOV"] == 1, "Go to go on")


def test_a_put_completes_at_the_end_of_the_move(motion, field):
    import epics

    ended = threading.Event()
    field["VELO"] = 2.0
    assert field["MOVN"] == 0
    pv = epics.PV(f"{motion.prefix}m2")
    pv.wait_for_connection(30)
    pv.put(4.0, callback=lambda **_: ended.set())
    wait_for(lambda: field["MOVN"] == 1, "the motor to set out")
    assert not ended.is_set()
    assert ended.wait(30)
    assert field["RBV"] == 4.0
    field["VELO"] = 50.0
    field["VAL"] = 0.0


def test_shutter(motion):
    from ophyd import EpicsSignal

    shutter = EpicsSignal(
        f"{motion.prefix}shutter_RBV", f"{motion.prefix}shutter", name="shutter", string=True
    )
    shutter.wait_for_connection(timeout=60)
    shutter.set("Open").wait(30)
    assert shutter.get(use_monitor=False) == "Open"
    shutter.set("Close").wait(30)
    assert shutter.get(use_monitor=False) == "Close"


# -- the camera that follows


@pytest.fixture(scope="module")
def follower(motion):
    """A camera that follows; its helper looks where EPICS_CA_ADDR_LIST of the tests says."""
    options = ("--size", f"{SHAPE_YX[0]}x{SHAPE_YX[1]}", "--scene", "absorption")
    with running_ioc(*options, "--motion", motion.prefix) as ioc:
        Pvs(ioc, "image1").put("EnableCallbacks", 1)
        Pvs(ioc).put_all(
            AcquireTime=EXPOSURE_S, AcquirePeriod=EXPOSURE_S, ImageMode="Single", WaitForPlugins=1
        )
        yield ioc


def shot(ioc) -> np.ndarray:
    Pvs(ioc).put("Acquire", 1)
    pixels = Pvs(ioc, "image1")["ArrayData"][: SHAPE_YX[0] * SHAPE_YX[1]]
    return np.asarray(pixels).astype(np.uint16).reshape(SHAPE_YX)


def test_frames_show_where_motors_and_shutter_are(motion, follower):
    """Whatever FrameType calls them; each shot follows a move at once."""
    import epics

    scene = Absorption(shape_yx=SHAPE_YX)
    for theta, sample_x, shutter, shows in (
        (0.0, 0.0, "Open", FrameType.IMAGE),
        (30.0, 0.0, "Open", FrameType.IMAGE),
        (45.0, 0.0, "Close", FrameType.DARK),
        (45.0, SAMPLE_HALF_WIDTH_MM + 1, "Open", FrameType.FLAT),
        (45.0, 0.0, "Open", FrameType.IMAGE),
    ):
        for pv, value in (("m1", theta), ("m2", sample_x), ("shutter", shutter)):
            assert epics.caput(motion.prefix + pv, value, wait=True, timeout=60) == 1
        pixels = shot(follower)
        expected = scene.frame(frame_index(pixels), shows, EXPOSURE_S, theta)
        np.testing.assert_array_equal(pixels, expected)
        assert Pvs(follower)["Theta_RBV"] == theta


def test_comparing_it_with_areadetector_says_that_it_has_no_camera(motion):
    with pytest.raises(IocUnreachable, match="no area detector") as raised:
        compare(motion.prefix, None, ["image1"], 0.3)
    assert f"{motion.prefix}m1, {motion.prefix}m2, {motion.prefix}shutter" in str(raised.value)


def test_without_a_motion_ioc_nothing_is_invented():
    with running_ioc("--size", "24x32", "--motion", "NOBODY:") as ioc:
        Pvs(ioc).put("Acquire", 1)
        assert Pvs(ioc).text("DetectorState_RBV") == "Error"
        assert "NOBODY:m1.RBV" in Pvs(ioc).text("StatusMessage_RBV")
        assert Pvs(ioc)["ArrayCounter_RBV"] == 0
