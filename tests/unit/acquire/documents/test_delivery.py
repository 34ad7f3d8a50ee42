"""Documents merged for delivery say the same as before, and errors are told apart."""

from __future__ import annotations

import httpx
import pytest
from event_model import compose_run, pack_event_page
from hypothesis import given
from hypothesis import strategies as st

from framepath.acquire.documents.delivery import back_off_s, merged, will_pass


def make_run():
    run = compose_run()
    key = {"source": "s", "dtype": "array", "shape": [2, 3], "external": "STREAM:"}
    number = {"source": "s", "dtype": "number", "shape": []}
    described = run.compose_descriptor(
        name="primary", data_keys={"frames": key, "x": number}, object_keys={}, configuration={}
    )
    resource = run.compose_stream_resource(
        mimetype="application/x-hdf5", uri="file://localhost/f.h5", data_key="frames", parameters={}
    )
    return run, described, resource


def ranges(documents, which="indices"):
    found = [d[which] for name, d in documents if name == "stream_datum"]
    return [(r["start"], r["stop"]) for r in found]


def datum(described, resource, start, stop):
    return resource.compose_stream_datum(
        indices={"start": start, "stop": stop},
        seq_nums={"start": start + 1, "stop": stop + 1},
        descriptor=described.descriptor_doc,
    )


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8))
def test_consecutive_datums_become_one(widths):
    _, described, resource = make_run()
    at, documents = 0, []
    for width in widths:
        documents.append(("stream_datum", datum(described, resource, at, at + width)))
        at += width
    assert ranges(merged(documents)) == [(0, at)]
    assert ranges(merged(documents), "seq_nums") == [(1, at + 1)]


def test_datums_with_a_gap_stay_apart():
    _, described, resource = make_run()
    documents = [("stream_datum", datum(described, resource, *r)) for r in ((0, 2), (3, 4), (4, 5))]
    assert ranges(merged(documents)) == [(0, 2), (3, 5)]


def test_datums_come_first_in_the_stretch_that_another_document_ends():
    run, described, resource = make_run()
    documents = [
        ("stream_datum", datum(described, resource, 0, 1)),
        ("event", described.compose_event(data={"x": 1}, timestamps={"x": 1})),
        ("stream_datum", datum(described, resource, 1, 2)),
        ("stop", run.compose_stop()),
    ]
    assert [name for name, _ in merged(documents)] == ["stream_datum", "event", "stop"]


@pytest.mark.parametrize("with_columns", [True, False])
def test_pages_become_their_events(with_columns):
    _, described, _ = make_run()
    events = [described.compose_event(data={"x": i}, timestamps={"x": i}) for i in range(3)]
    page = pack_event_page(*events)
    if not with_columns:
        page = {**page, "data": {}, "timestamps": {}}
    found = [document for _, document in merged([("event_page", page)])]
    assert [d["seq_num"] for d in found] == [1, 2, 3]
    assert [d["uid"] for d in found] == [e["uid"] for e in events]
    assert [d["data"] for d in found] == (
        [{"x": 0}, {"x": 1}, {"x": 2}] if with_columns else 3 * [{}]
    )


@pytest.mark.parametrize(
    ("status", "passes"), [(500, True), (503, True), (429, True), (401, False)]
)
def test_refusals_are_final_and_failures_are_not(status, passes):
    request = httpx.Request("GET", "http://127.0.0.1/")
    error = httpx.HTTPStatusError("", request=request, response=httpx.Response(status))
    assert will_pass(error) is passes
    assert will_pass(httpx.ConnectError("down"))
    assert not will_pass(ValueError("a document nobody understands"))


def test_waits_grow_to_half_a_minute():
    assert [back_off_s(n) for n in (1, 2, 3, 9)] == [1.0, 2.0, 4.0, 30.0]
