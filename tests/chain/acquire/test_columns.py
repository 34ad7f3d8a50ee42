"""NDAttributes as columns of events, and several frames a point."""

from __future__ import annotations

import bluesky.plans as bp
import h5py
import numpy as np
import pytest
from event_model import unpack_event_page
from ophyd.sim import motor

from chain.acquire.test_document_writer import writer  # noqa: F401 (a fixture)
from framepath.acquire import DARK, IMAGE, frame_series
from framepath.errors import SettingsError
from framepath.files import open_frames


def attribute(det, name):
    with h5py.File(det.ledger[0].file) as file:
        return file[f"/entry/instrument/detector/NDAttributes/{name}"][()]


def test_a_series_has_a_row_a_frame(RE, documents, det):
    det.columns = ["NDArrayUniqueId", "SaveDest", "AcquireTime"]
    RE(frame_series(det, [(DARK, 2), (IMAGE, 3), (DARK, 1)]))
    ids = attribute(det, "NDArrayUniqueId")
    rows = {}
    for stream in ("dark", "primary"):
        uid = documents.streams[stream]["uid"]
        pages = [d for d in documents.of("event_page") if d["descriptor"] == uid]
        rows[stream] = [event["data"] for page in pages for event in unpack_event_page(page)]
    key = f"{det.name}_NDArrayUniqueId"
    assert [row[key] for row in rows["dark"]] == list(ids[[0, 1, 5]])
    assert [row[key] for row in rows["primary"]] == list(ids[2:5])
    assert {row[f"{det.name}_SaveDest"] for row in rows["dark"]} == {"/entry/data/dark"}
    described = documents.streams["primary"]["data_keys"]
    assert described[key]["dtype"] == "integer"
    assert described[f"{det.name}_SaveDest"]["dtype"] == "string"
    assert described[f"{det.name}_AcquireTime"]["dtype_numpy"] == "<f8"


def test_points_of_a_scan_have_them_too(RE, documents, det):
    det.columns = ["NDArrayUniqueId"]
    RE(bp.scan([det], motor, -1, 1, 3))
    found = [d["data"][f"{det.name}_NDArrayUniqueId"] for d in documents.of("event")]
    assert found == list(attribute(det, "NDArrayUniqueId"))
    assert [d["data"]["motor"] for d in documents.of("event")] == [-1, 0, 1]


def test_an_attribute_that_is_not_stored(RE, det):
    det.columns = ["Thetta"]
    with pytest.raises(SettingsError, match="Thetta") as raised:
        RE(bp.count([det]))
    assert "NDArrayUniqueId" in str(raised.value)


@pytest.mark.usefixtures("writer")
def test_several_frames_a_point(RE, documents, det, catalog, writer):  # noqa: F811
    det.frames_per_point = 3
    (uid,) = RE(bp.count([det], num=4))
    writer.wait()
    assert documents.n_frames("primary") == 4
    images = catalog[uid].primary[f"{det.name}_image"]
    (entry,) = det.ledger
    assert (entry.triggered, entry.received, entry.stored) == (12, 12, 12)
    assert images.shape == (4, 3, 514, 1030)
    with open_frames(entry.file, entry.dataset) as frames:
        np.testing.assert_array_equal(images[2], frames[6:9])


def test_a_series_counts_single_frames(RE, det):
    det.frames_per_point = 2
    with pytest.raises(SettingsError, match="frames_per_point"):
        RE(frame_series(det, images=1))
