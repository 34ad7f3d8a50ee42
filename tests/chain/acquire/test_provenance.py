"""Runs that say which darks and flats belong to them."""

from __future__ import annotations

from functools import partial

import bluesky.plans as bp
import pytest

from chain.acquire.test_document_writer import writer  # noqa: F401 (a fixture)
from framepath.acquire import frame_series
from framepath.acquire.provenance import CatalogReferences, Reference, with_references


@pytest.fixture
def referring(RE, catalog, writer):  # noqa: F811
    """Runs a plan with references looked up in the catalog; its metadata, and its uid."""
    find = CatalogReferences(catalog, n_runs=10)
    RE.preprocessors.append(partial(with_references, find=find))

    def run(plan):
        (uid,) = RE(plan)
        writer.wait()
        return uid, catalog[uid].metadata["start"]["references"]

    return run


def test_the_newest_darks_and_flats_that_fit(referring, det):
    first, _ = referring(frame_series(det, darks=2, flats=1))
    newest, own = referring(frame_series(det, darks=1, images=1))
    assert own[det.name]["dark"] == {"uid": "", "reason": "own: this run takes them"}
    assert own[det.name]["flat"]["uid"] == first
    _, found = referring(bp.count([det], num=1))
    assert found[det.name]["dark"]["uid"] == newest
    assert found[det.name]["flat"]["uid"] == first
    assert "newest that fits" in found[det.name]["dark"]["reason"]


def test_another_exposure_does_not_fit(referring, det):
    taken, _ = referring(frame_series(det, darks=1))
    det.cam.acquire_time.put(0.004)
    _, found = referring(bp.count([det], num=1))
    assert found[det.name]["dark"]["uid"] == ""
    assert taken in found[det.name]["dark"]["reason"]
    assert "exposed 0.001 s, not 0.004 s" in found[det.name]["dark"]["reason"]


def test_another_size_does_not_fit(referring, det):
    referring(frame_series(det, darks=1))
    det.cam.size.size_x.put(100)
    try:
        referring(bp.count([det], num=1))  # sizes are known from frames
        _, found = referring(bp.count([det], num=1))
    finally:
        det.cam.size.size_x.put(1030)
    assert "(514, 1030), not (514, 100)" in found[det.name]["dark"]["reason"]


def test_nothing_there_is_said(referring, det):
    _, found = referring(bp.count([det], num=1))
    assert found[det.name]["dark"] == {
        "uid": "",
        "reason": "none of the last 10 runs has darks",
    }


def test_a_catalog_that_does_not_answer_stops_nothing(RE, documents, det):
    def find(frame_type, wanted):
        raise OSError("connection refused")

    RE(with_references(bp.count([det], num=1), find))
    (start,) = documents.of("start")
    assert "does not answer" in start["references"][det.name]["flat"]["reason"]
    assert documents.of("stop")[0]["exit_status"] == "success"


def test_any_callable_finds(RE, documents, det):
    RE(with_references(bp.count([det]), lambda t, w: Reference(f"{t.name}-{w.shape}", "known")))
    (start,) = documents.of("start")
    assert start["references"][det.name]["dark"]["uid"] == "DARK-(514, 1030)"
