"""Runs that say which darks and flats belong to them."""

from __future__ import annotations

import threading
from functools import partial

import bluesky.plans as bp
import bluesky.preprocessors as bpp
import pytest

from chain.acquire.test_document_writer import writer  # noqa: F401 (a fixture)
from framepath.acquire import (
    IMAGE,
    Reference,
    ReferenceRuns,
    frame_series,
    take,
    with_darks_flats,
)
from framepath.acquire.documents.provenance import keep_references, with_references


@pytest.fixture
def referring(RE, catalog, writer, det):  # noqa: F811
    """Runs a plan as a session that has just begun; uid and references of its run."""

    def run(plan, **options):
        RE.preprocessors.clear()
        runs = ReferenceRuns(catalog, n_runs=20, **options)
        RE.preprocessors.append(partial(with_references, find=runs.find))
        (uid,) = RE(plan)
        writer.wait()
        found = catalog[uid].metadata["start"].get("references")
        return uid, found and found[det.name]

    return run


@pytest.fixture
def keeping(RE):
    """A session's engine that keeps references; told with which catalog."""
    tokens = []

    def keep(catalog):
        tokens.append(keep_references(RE, ReferenceRuns(catalog)))

    yield keep
    for token in tokens:
        RE.unsubscribe(token)


def test_the_newest_darks_and_flats_that_fit(referring, det, catalog):
    first, none = referring(frame_series(det, darks=2, flats=1))
    assert none is None  # no images, nothing to correct
    newest, own = referring(frame_series(det, darks=1, images=1))
    assert own["dark"] == {"uid": "", "reason": "own: this run takes them"}
    assert own["flat"]["uid"] == first
    uid, found = referring(bp.count([det], num=1))
    assert found["dark"]["uid"] == newest
    assert found["flat"]["uid"] == first
    assert "newest that fits" in found["dark"]["reason"]
    assert catalog[uid].references() == {det.name: found}
    assert catalog[newest].references()[det.name]["dark"]["uid"] == newest


def test_frames_around_any_plan_are_its_own(referring, det, catalog):
    referring(frame_series(det, darks=1))
    plan = with_darks_flats(bp.count([det], num=1), det, darks=1, when="after")
    uid, found = referring(plan)
    assert found["dark"]["uid"] == ""
    assert catalog[uid].metadata["start"]["frame_types"] == ["dark", "image"]
    assert catalog[uid].references()[det.name]["dark"]["uid"] == uid


def test_a_run_that_ends_before_its_own_flats_says_so(RE, writer, catalog, det):  # noqa: F811
    @bpp.stage_decorator([det])
    @bpp.run_decorator()
    def broken():
        yield from take(det, IMAGE, 1)
        raise ValueError("the shutter is stuck")

    plan = with_darks_flats(broken(), det, flats=1, when="after")
    with pytest.raises(ValueError, match="stuck"):
        RE(with_references(plan, ReferenceRuns().find))
    writer.wait()
    references = catalog[-1].references()[det.name]
    assert references["flat"] == {"uid": "", "reason": "this run was to take flats and holds none"}
    assert "has taken no darks" in references["dark"]["reason"]


def test_another_exposure_does_not_fit(referring, det):
    taken, _ = referring(frame_series(det, darks=1))
    det.cam.acquire_time.put(0.004)
    _, found = referring(bp.count([det], num=1))
    assert found["dark"]["uid"] == ""
    assert taken in found["dark"]["reason"]
    assert "exposed 0.001 s, not 0.004 s" in found["dark"]["reason"]


def test_another_size_does_not_fit(referring, det):
    referring(frame_series(det, darks=1))
    det.cam.size.size_x.put(100)
    try:
        _, found = referring(bp.count([det], num=1))
    finally:
        det.cam.size.size_x.put(1030)
    assert "(514, 1030), not (514, 100)" in found["dark"]["reason"]


@pytest.mark.parametrize("colours", ["RGB1", "RGB2", "RGB3"])
def test_colour_frames_have_references_too(RE, documents, keeping, det, colours):
    keeping(None)
    det.cam.color_mode.put(colours)
    try:
        (taken,) = RE(frame_series(det, darks=1))
        RE(bp.count([det]))
    finally:
        det.cam.color_mode.put("Mono")
    found = documents.of("start")[-1]["references"][det.name]
    assert found["dark"]["uid"] == taken, found["dark"]["reason"]


def test_what_is_too_old_does_not_fit(referring, det):
    referring(frame_series(det, darks=1))
    _, found = referring(bp.count([det], num=1), max_age_s=0)
    assert "old, more than 0 s" in found["dark"]["reason"]


def test_nothing_there_is_said(referring, det):
    _, found = referring(bp.count([det], num=1))
    reason = f"none of the last 20 runs has darks of {det.name}"
    assert found["dark"] == {"uid": "", "reason": reason}


def test_a_session_knows_its_own_without_a_catalog(RE, documents, keeping, det):
    keeping(None)
    (taken,) = RE(frame_series(det, darks=1))
    RE(bp.count([det]))
    found = documents.of("start")[-1]["references"][det.name]
    assert found["dark"]["uid"] == taken
    assert f"has taken no flats of {det.name}" in found["flat"]["reason"]


def test_a_catalog_that_does_not_answer_stops_nothing(RE, documents, keeping, det):
    def refused():
        raise OSError("connection refused")

    keeping(refused)
    RE(bp.count([det], num=1))
    (start,) = documents.of("start")
    assert "connection refused" in start["references"][det.name]["flat"]["reason"]
    assert documents.of("stop")[0]["exit_status"] == "success"


def test_a_catalog_that_hangs_stops_nothing(RE, documents, det):
    released = threading.Event()

    def find(frame_type, wanted):
        released.wait(60)
        return Reference("", "")

    try:
        RE(with_references(bp.count([det]), find, patience_s=0.1))
    finally:
        released.set()
    (start,) = documents.of("start")
    assert "within 0.1 s" in start["references"][det.name]["flat"]["reason"]


def test_any_callable_finds(RE, documents, det):
    RE(with_references(bp.count([det]), lambda t, w: Reference(f"{t.name}-{w.shape}", "known")))
    (start,) = documents.of("start")
    assert start["references"][det.name]["dark"]["uid"] == "DARK-(514, 1030)"
