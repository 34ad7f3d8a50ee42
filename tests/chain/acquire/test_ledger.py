"""Triggered, received, stored: three sources, each broken alone, and what the run says."""

from __future__ import annotations

import threading
import time

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import bluesky.preprocessors as bpp
import h5py
import pytest
from ophyd.sim import motor

from chain.iocs import running_ioc
from framepath.acquire import DARK, IMAGE, area_detector, frame_series, take, with_ledger
from framepath.errors import FramesLost, StagingError


def test_ordinary_plans_record_it_by_a_preprocessor(RE, documents, det):
    RE.preprocessors.append(with_ledger)
    RE(bp.count([det], num=3))
    RE(bp.scan([det], motor, 0, 1, 4))
    stops = documents.of("stop")
    assert [d["num_events"] for d in stops] == [
        {"primary": 3, "ledger": 1},
        {"primary": 4, "ledger": 1},
    ]
    assert documents.ledger() == {"image": (4, 4, 4)}


def test_a_series_is_recorded_once(RE, documents, det):
    RE.preprocessors.append(with_ledger)
    RE(frame_series(det, images=2))
    assert documents.of("stop")[0]["num_events"] == {"primary": 2, "ledger": 1}


def test_a_plan_that_fails_records_what_there_is(RE, documents, det):
    @bpp.stage_decorator([det])
    @bpp.run_decorator()
    def plan():
        yield from take(det, IMAGE, 2)
        raise ValueError("the sample fell off")

    with pytest.raises(ValueError, match="fell off"):
        RE(with_ledger(plan()))
    assert documents.ledger() == {"image": (2, 2, 2)}
    (stop,) = documents.of("stop")
    assert (stop["exit_status"], "fell off" in stop["reason"]) == ("fail", True)


def a_frame_of_another_client(det):
    """Plan stub: acquire past the detector's own trigger; ends when the frame has arrived."""
    before = yield from bps.rd(det.cam.array_counter)
    det.cam.acquire.put(1)
    while (yield from bps.rd(det.cam.array_counter)) == before:
        yield from bps.null()


def taking(det, n, then):
    """A plan that takes ``n`` frames and lets ``then`` break something before the end."""

    @bpp.stage_decorator([det])
    @bpp.run_decorator()
    def plan():
        yield from take(det, IMAGE, n)
        yield from then()

    return with_ledger(plan())


def test_a_frame_that_the_plan_did_not_ask_for(RE, documents, det):
    def another_client():
        yield from bps.abs_set(det.cam.num_images, 1, wait=True)
        yield from a_frame_of_another_client(det)

    with pytest.raises(FramesLost, match="3 triggered, 4 received, 4 stored"):
        RE(taking(det, 3, another_client))
    assert documents.ledger() == {"image": (3, 4, 4)}
    assert documents.of("stop")[0]["exit_status"] == "fail"


def test_frames_that_the_driver_did_not_produce(RE, documents, det):
    det.cam.acquire_time.put(0.05)
    det.cam.acquire_period.put(0.05)

    def stopped_by_somebody_else():
        yield from bps.abs_set(det.cam.num_images, 20, wait=True)
        stopping = threading.Thread(target=stop_after_a_frame, args=(det,))
        stopping.start()
        yield from take(det, IMAGE, 20)
        stopping.join()

    with pytest.raises(FramesLost) as raised:
        RE(taking(det, 3, stopped_by_somebody_else))
    triggered, received, stored = documents.ledger()["image"]
    assert triggered == 23
    assert 3 < received == stored < 23
    assert "stored" in str(raised.value)
    assert documents.of("stop")[0]["exit_status"] == "fail"


def stop_after_a_frame(det):
    """Put Acquire 0 once the next acquisition has brought a frame, as another client may."""
    before = det.cam.array_counter.get()
    while det.cam.array_counter.get() == before:
        time.sleep(0.01)
    det.cam.acquire.put(0)


def test_a_frame_that_the_plugin_did_not_get(RE, documents, det):
    def unplugged():
        yield from bps.abs_set(det.hdf1.enable, 0, wait=True)
        yield from take(det, IMAGE, 1)

    with pytest.raises(FramesLost, match="4 triggered, 4 received, 3 stored"):
        RE(taking(det, 3, unplugged))
    path = det.ledger[0].file
    assert path
    with h5py.File(path) as file:
        assert len(file["/entry/data/data"]) == 3


def test_a_loss_may_be_a_warning(RE, documents, make_det):
    from framepath.acquire import configure_routing

    det = make_det(on_loss="warn")
    configure_routing(det)
    det.cam.acquire_time.put(0.001)

    def lost():
        det.acquisition.counts.triggered[IMAGE] += 1
        yield from bps.null()

    with pytest.warns(RuntimeWarning, match="3 triggered, 2 received, 2 stored"):
        RE(taking(det, 2, lost))
    assert documents.of("stop")[0]["exit_status"] == "success"
    assert documents.ledger() == {"image": (3, 2, 2)}


def test_frames_are_counted_by_their_own_type(RE, documents, det):
    RE(frame_series(det, [(DARK, 2), (IMAGE, 1), (DARK, 3)]))
    assert documents.ledger() == {"dark": (5, 5, 5), "image": (1, 1, 1)}


def test_a_run_inside_another_has_its_own(RE, documents, det):
    @bpp.run_decorator()
    def outer():
        yield from bpp.set_run_key_wrapper(bp.count([det], num=2), "inner")

    RE(with_ledger(outer()))
    inner, outermost = documents.of("stop")
    assert inner["num_events"] == {"primary": 2, "ledger": 1}
    assert outermost["num_events"] == {}


@pytest.mark.parametrize(
    "point", [lambda det: bps.trigger_and_read([det]), lambda det: take(det, IMAGE)]
)
def test_a_staging_of_several_runs_has_a_file_for_each(RE, documents, det, point):
    @bpp.stage_decorator([det])
    def plan():
        for _ in range(2):
            yield from bps.open_run()
            yield from point(det)
            yield from point(det)
            yield from bps.close_run()

    before = det.hdf1.file_name.get()
    RE(with_ledger(plan()))
    for stop in documents.of("stop"):
        assert stop["num_events"] == {"primary": 2, "ledger": 1}
    assert len({document["uri"] for document in documents.of("stream_resource")}) == 2
    assert documents.ledger() == {"image": (2, 2, 2)}
    assert det.hdf1.file_name.get() == before


def test_a_run_that_goes_on_after_one_inside_it_loses_nothing(RE, documents, det):
    @bpp.stage_decorator([det])
    @bpp.run_decorator()
    def outer():
        yield from take(det, DARK, 2)
        inner = bpp.run_wrapper(take(det, IMAGE, 2))
        yield from bpp.set_run_key_wrapper(inner, "inner")
        yield from take(det, DARK, 2)

    RE(with_ledger(outer()))
    inner, outermost = documents.of("stop")
    assert inner["num_events"] == {"primary": 2}
    assert outermost["num_events"] == {"dark": 4, "ledger": 2}
    assert documents.ledger() == {"dark": (4, 4, 4), "image": (2, 2, 2)}


def test_two_detectors_are_recorded_in_one_stream(RE, documents, det, files_folder):
    with running_ioc() as ioc:
        other = area_detector(ioc.prefix, name="other", files=files_folder / "other")
        RE(with_ledger(bp.count([det, other], num=2)))
    (descriptor,) = [d for d in documents.of("descriptor") if d["name"] == "ledger"]
    (page,) = [d for d in documents.of("event_page") if d["descriptor"] == descriptor["uid"]]
    assert page["data"]["detector"] == [det.name, "other"]
    assert page["data"]["stored"] == [2, 2]


def test_a_trigger_that_nobody_reads_ends_the_plan(RE, documents, det):
    @bpp.stage_decorator([det])
    @bpp.run_decorator()
    def plan():
        yield from bps.trigger(det, wait=True)
        yield from bps.trigger_and_read([det])

    with pytest.raises(StagingError, match="before the frames of the last trigger were read"):
        RE(with_ledger(plan()))
    assert documents.ledger() == {"image": (1, 1, 1)}
    assert documents.n_frames("primary") == 1
