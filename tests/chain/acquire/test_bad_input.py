"""What is wrong is told once, with the value, the place and the next step; PVs go back."""

from __future__ import annotations

import itertools
import threading

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
import numpy as np
import pytest
from bluesky.utils import FailedStatus

from chain.acquire.test_series import values
from chain.iocs import running_ioc
from framepath.acquire import (
    DARK,
    FLAT,
    IMAGE,
    area_detector,
    configure_routing,
    frame_series,
    take,
)
from framepath.acquire.pvs.connection import put_confirmed
from framepath.errors import (
    FramepathError,
    IocUnreachable,
    RoutingError,
    SettingsError,
    StagingError,
    WriteFailed,
)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([("darkk", 1)], "darkk"),
        ([(DARK, 1), (FLAT, -2)], "step 1: -2 frames of type FLAT"),
        ([(DARK, 1.0)], "1.0 frames of type DARK"),
        ("dark", "'dark' is no sequence of steps"),
        (3, "3 is no sequence of steps"),
        ([DARK], "no pair of a frame type and a count"),
        ([(DARK, 0)], "0"),
        ([(DARK, 1), (IMAGE, "x")], "step 1"),
        ([("nothing",)], "step 0"),
        ([], "no frames"),
    ],
)
def test_a_bad_series_is_refused_before_anything_moves(RE, documents, det, steps, told):
    before = values(det)
    with pytest.raises(SettingsError, match=told):
        RE(frame_series(det, steps))
    assert documents.all == []
    assert values(det) == before


@pytest.mark.parametrize("n_frames", [0, -1, 2.5, "2", True, None])
def test_frames_a_point_are_a_whole_number(det, n_frames):
    with pytest.raises(SettingsError, match="expected a whole number from 1"):
        det.frames_per_point = n_frames
    assert det.frames_per_point == 1


def test_numbers_may_be_numpys(RE, documents, det):
    two = np.int64(2)
    RE(frame_series(det, [(DARK, two)]))
    det.frames_per_point = two
    RE(bp.count([det], num=2))
    assert (documents.n_frames("dark"), documents.n_frames("primary")) == (2, 2)
    assert [entry.stored for entry in det.ledger] == [4]


def test_an_unknown_frame_type_lists_the_known_ones(RE, det):
    with pytest.raises(SettingsError) as raised:
        RE(frame_series(det, [("bias", 1)]))
    for name in ("IMAGE", "DARK", "FLAT", "bias"):
        assert name in str(raised.value)


def test_a_series_is_a_sequence_or_counts(RE, det):
    with pytest.raises(SettingsError, match="either a sequence or counts"):
        RE(frame_series(det, [(DARK, 1)], images=2))


def test_a_destination_that_no_dataset_has(RE, documents, det):
    det.cam.frame_type_state_1.put("/entry/data/drak")
    det.cam.frame_type_rbv_state_1.put("/entry/data/drak")
    before = values(det)
    with pytest.raises(StagingError) as raised:
        RE(frame_series(det, images=1, darks=1))
    text = str(raised.value)
    assert "/entry/data/drak" in text
    assert "/entry/data/dark" in text
    assert "configure_routing" in text
    assert values(det) == before
    assert [d["exit_status"] for d in documents.of("stop")] in ([], ["fail"])


def test_setpoint_and_readback_that_disagree(RE, det):
    det.cam.frame_type_rbv_state_2.put("/entry/data/other")
    with pytest.raises(StagingError, match="FrameType and FrameType_RBV disagree"):
        RE(frame_series(det, flats=1))


def test_a_destination_too_long_for_a_state_string(det):
    with pytest.raises(RoutingError, match="at most 25 characters"):
        configure_routing(det, {IMAGE: "/entry/instrument/detector/data"})


def test_a_layout_that_is_not_xml(RE, det, files_folder):
    broken = files_folder / "broken.xml"
    broken.write_text("<hdf5_layout><group></hdf5_layout>")
    det.hdf1.xml_file_name.put(str(broken))
    with pytest.raises(StagingError) as raised:
        RE(bp.count([det]))
    assert str(broken) in str(raised.value)
    assert "framepath lint" in str(raised.value)


def test_an_attributes_file_that_is_missing(RE, det):
    det.cam.nd_attributes_file.put("/no/such/attributes.xml")
    with pytest.raises(StagingError, match="File not found"):
        RE(bp.count([det]))


def test_a_folder_that_the_ioc_cannot_make(RE, make_det):
    det = make_det(files="/proc/framepath/never")
    before = values(det)
    with pytest.raises((StagingError, WriteFailed)) as raised:
        RE(bp.count([det]))
    assert "/proc/framepath/never" in str(raised.value)
    assert values(det) == before


def test_a_folder_that_is_not_mounted_here(RE, make_det, files_folder, monkeypatch):
    monkeypatch.setattr("framepath.acquire.devices.folder_check.VISIBLE_S", 0.1)
    det = make_det(files={"ioc": str(files_folder / "ioc"), "here": "/mnt/not-mounted"})
    before = values(det)
    with pytest.raises(StagingError) as raised:
        RE(bp.count([det]))
    for part in ("not visible here", "'/mnt/not-mounted'", str(files_folder / "ioc"), "mount it"):
        assert part in str(raised.value)
    assert values(det) == before


def test_a_relative_folder(make_det):
    with pytest.raises(SettingsError, match="absolute"):
        make_det(files="data")


def test_no_ioc(RE, documents, tmp_path):
    det = area_detector("NOSUCH:", name="gone", files=tmp_path)
    with pytest.raises(IocUnreachable) as raised:
        RE(bp.count([det]))
    for part in ("NOSUCH:cam1:", "EPICS_CA_ADDR_LIST", "caget"):
        assert part in str(raised.value)


def test_an_ioc_that_dies_during_an_exposure(RE, documents, tmp_path):
    with running_ioc() as ioc:
        det = area_detector(ioc.prefix, name="dying", files=tmp_path)
        configure_routing(det)
        det.cam.acquire_time.put(30.0)

        @bpp.stage_decorator([det])
        @bpp.run_decorator()
        def plan():
            yield from bps.trigger(det)
            ioc.child.kill()
            yield from bps.wait()

        with pytest.raises((FailedStatus, FramepathError)) as raised:
            RE(plan())
    causes = [raised.value, raised.value.__cause__, raised.value.__context__]
    assert any(isinstance(cause, IocUnreachable) for cause in causes)
    (stop,) = documents.of("stop")
    assert stop["exit_status"] == "fail"


def test_an_ioc_that_dies_while_it_is_asked(tmp_path):
    with running_ioc() as ioc:
        det = area_detector(ioc.prefix, name="asked", files=tmp_path)
        det.wait_for_connection()
        killer = threading.Thread(target=ioc.child.kill)

        def ask():
            for number in itertools.count():
                put_confirmed(det.cam.gain, number % 5)
                if number == 20:
                    killer.start()

        with pytest.raises(IocUnreachable, match="cam1:Gain"):
            ask()
        killer.join()


def test_without_staging_nothing_is_taken(RE, det):
    def plan():
        yield from bps.open_run()
        yield from take(det, FLAT, 1)

    with pytest.raises(StagingError, match="only while it is staged"):
        RE(plan())
